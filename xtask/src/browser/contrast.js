// The text on the page whose contrast to its ground is below WCAG 2.2 AA: 4.5, or 3 for large text.
// A ground is the nearest opaque background of an ancestor; SVG text is left out, as its ground is another shape.
const parse = (colour) => {
  const canvas = parse.canvas ??= new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return { rgb: [r, g, b], alpha: a / 255 };
};
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const over = (top, ground, alpha) => top.map((v, i) => v * alpha + ground[i] * (1 - alpha));
const groundOf = (element) => {
  const layers = [];
  for (let e = element; e; e = e.parentElement) {
    const style = getComputedStyle(e);
    if (style.backgroundImage !== 'none') return null;
    const { rgb, alpha } = parse(style.backgroundColor);
    if (alpha > 0) layers.push([rgb, alpha]);
    if (alpha > 0.99) break;
  }
  return layers.reverse().reduce((ground, [rgb, alpha]) => over(rgb, ground, alpha), parse('canvas').rgb);
};
const faint = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.textContent.trim();
  const element = walker.currentNode.parentElement;
  if (!text || element.closest('svg, noscript, style, script, [disabled], [aria-disabled=true]') || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
  const ground = groundOf(element);
  if (!ground) continue;
  const style = getComputedStyle(element);
  let opacity = 1;
  for (let e = element; e; e = e.parentElement) opacity *= Number(getComputedStyle(e).opacity);
  const { rgb, alpha } = parse(style.color);
  const [a, b] = [luminance(over(rgb, ground, alpha * opacity)), luminance(ground)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const size = parseFloat(style.fontSize);
  const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  if (ratio < needed - 0.01) faint.add(`${ratio.toFixed(2)} of ${needed}: "${text.slice(0, 40)}" (${element.className || element.tagName})`);
}
return [...faint].slice(0, 20);
