//! Where the names of messages go: beside their dots, off each other, and off the words of the stage.

use crate::layout::{Point, Rect};

/// Wanted: a label of this size for a dot at this place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) dot: Point,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Gap between a dot and its label.
const OFF: f64 = 9.0;

/// The place of every label, in the order of the wishes; `None` where there is no room that covers no other label.
/// `avoid` are areas with words: covering them is bad, but better than saying nothing.
pub(super) fn place(wishes: &[Wish], avoid: &[Rect], bounds: Rect) -> Vec<Option<Rect>> {
    let dots: Vec<Rect> = wishes.iter().map(|wish| around(wish.dot)).collect();
    let mut taken: Vec<Rect> = Vec::new();
    let mut placed = Vec::with_capacity(wishes.len());
    for (index, wish) in wishes.iter().enumerate() {
        let cost = |rect: &Rect| {
            let words: f64 = avoid.iter().map(|area| area.shared(rect)).sum();
            let others = dots.iter().enumerate().filter(|(other, _)| *other != index);
            words + others.map(|(_, dot)| 4.0 * dot.shared(rect)).sum::<f64>()
        };
        let free = candidates(wish)
            .into_iter()
            .filter(|rect| inside(rect, &bounds) && !taken.iter().any(|other| other.overlaps(rect)));
        let best = free.map(|rect| (cost(&rect), rect)).min_by(|a, b| a.0.total_cmp(&b.0));
        let best = best.map(|(_, rect)| rect);
        taken.extend(best);
        placed.push(best);
    }
    placed
}

fn around(dot: Point) -> Rect {
    Rect::new(dot.x, dot.y, 0.0, 0.0).grow(6.0)
}

fn inside(rect: &Rect, bounds: &Rect) -> bool {
    rect.x >= bounds.x
        && rect.y >= bounds.y
        && rect.right() <= bounds.right()
        && rect.bottom() <= bounds.bottom()
}

fn candidates(wish: &Wish) -> [Rect; 10] {
    let Wish { dot, width: w, height: h } = *wish;
    let (left, right) = (dot.x - OFF - w, dot.x + OFF);
    let (above, level, below) = (dot.y - OFF - h, dot.y - h / 2.0, dot.y + OFF);
    let middle = dot.x - w / 2.0;
    [
        Rect::new(right, level, w, h),
        Rect::new(left, level, w, h),
        Rect::new(middle, above, w, h),
        Rect::new(middle, below, w, h),
        Rect::new(right, above, w, h),
        Rect::new(left, above, w, h),
        Rect::new(right, below, w, h),
        Rect::new(left, below, w, h),
        Rect::new(middle, above - h, w, h),
        Rect::new(middle, below + h, w, h),
    ]
}
