//! What the charts share: a frame that is readable in light and dark, and a colour for each mode.

use kraftscope_core::mode::Mode;

/// The beginning of a picture, with what it shows for those who do not see it.
pub(crate) fn head(width: f64, height: f64, label: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{label}\">\n<style>\n\
         text {{ fill: #24292f }} .soft {{ fill: #59636e }} .grid {{ stroke: #d0d7de }} .known {{ fill: #8c959f; \
         fill-opacity: .28 }}\n.zookeeper {{ color: #bc4c00; fill: #bc4c00 }} .kraft {{ color: #0969da; fill: #0969da }} .kafkaraft {{ color: #8250df; fill: #8250df }}\n@media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .soft {{ fill: #9198a1 }} \
         .grid {{ stroke: #3d444d }}\n.zookeeper {{ color: #f0883e; fill: #f0883e }} .kraft {{ color: #58a6ff; fill: #58a6ff }} .kafkaraft {{ color: #bc8cff; fill: #bc8cff }} }}\n.line {{ fill: none; stroke: currentColor; stroke-width: 2 }}\n</style>\n"
    )
}

/// The class that gives a mode its colour.
pub(crate) fn class(mode: Mode) -> &'static str {
    mode.name()
}
