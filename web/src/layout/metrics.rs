//! Type sizes and distances, all multiples of 2 on a grid of 8.

use super::Viewport;

/// How much a row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Density {
    /// Words, log, flags, ticks and carets in lanes of their own.
    Roomy,
    /// The same, closer together.
    Regular,
    /// The log with flags and ticks, and a sign for the role.
    Snug,
    /// The log and a sign for the role; flags without numbers.
    Compact,
}

impl Density {
    /// From the roomiest to the densest.
    pub const ALL: [Density; 4] = [Density::Roomy, Density::Regular, Density::Snug, Density::Compact];

    /// A line of words stands above the log.
    pub const fn has_words(self) -> bool {
        matches!(self, Density::Roomy | Density::Regular)
    }

    /// Flags, ticks and epochs carry their numbers.
    pub const fn has_numbers(self) -> bool {
        !matches!(self, Density::Compact)
    }
}

/// Below this width the labels of rows stand above them.
pub(super) const NARROW: f64 = 640.0;

/// Sizes that follow from the viewport.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Names of brokers and controllers.
    pub name: f64,
    /// Words.
    pub body: f64,
    /// Numbers beside words; the smallest type.
    pub small: f64,
    /// Offsets in cells.
    pub cell: f64,
    /// Distance from a frame to what is in it.
    pub pad: f64,
    /// Outer margin of the stage.
    pub margin: f64,
    /// Narrowest column that says anything.
    pub column_min: f64,
    /// From one record to the next, at least.
    pub pitch_min: f64,
    /// Cells are as narrow as they may be.
    pub tight: bool,
    /// Size of a finger's or mouse's target on a message.
    pub reach: f64,
}

impl Metrics {
    /// How much larger than its least size type may become where there is room, the largest first.
    pub const SCALES: [f64; 5] = [1.4, 1.3, 1.2, 1.1, 1.0];

    /// The sizes for this viewport; type is `scale` times its least size. `crowded`: more columns than are wide.
    pub fn of(viewport: Viewport, scale: f64, crowded: bool) -> Metrics {
        let narrow = viewport.width < NARROW;
        let presenting = viewport.presenting && !narrow;
        let size = |least: f64, projected: f64| (scale * if presenting { projected } else { least }).round();
        let tight = crowded || narrow;
        Metrics {
            name: size(15.0, 18.0),
            body: size(13.0, 16.0),
            small: size(12.0, 14.0),
            cell: if tight { size(11.0, 14.0) } else { size(12.0, 14.0) },
            pad: if tight { 5.0 } else { size(8.0, 10.0) },
            margin: if narrow { 8.0 } else { 16.0 },
            column_min: size(if crowded { 82.0 } else { 108.0 }, 132.0),
            pitch_min: if tight { size(17.0, 22.0) } else { size(22.0, 26.0) },
            tight,
            reach: if narrow { 20.0 } else { 12.0 },
        }
    }

    /// Height of a line of words.
    pub fn line(&self, size: f64) -> f64 {
        (size * 1.35).round()
    }

    /// Height of a broker's head.
    pub fn head(&self, density: Density) -> f64 {
        let air = if density.has_words() { 16.0 } else { 6.0 };
        self.line(self.name) + self.line(self.small) + air
    }

    /// Height of a record's cell.
    pub fn cell_height(&self, density: Density) -> f64 {
        if density == Density::Compact { self.cell + 8.0 } else { self.cell + 10.0 }
    }

    /// Above the cells: where the flag of the high watermark stands.
    pub fn flag_lane(&self, density: Density) -> f64 {
        if density.has_numbers() { self.line(self.small) } else { 8.0 }
    }

    /// Below the cells: ticks of followers, carets of consumers, epochs.
    pub fn tick_lane(&self, density: Density) -> f64 {
        match density {
            Density::Roomy => self.line(self.small) + 6.0,
            Density::Regular | Density::Snug => self.line(self.small) + 1.0,
            Density::Compact => 8.0,
        }
    }

    /// Height of a replica's card.
    pub fn card(&self, density: Density) -> f64 {
        let log = self.flag_lane(density) + self.cell_height(density) + self.tick_lane(density);
        match density {
            Density::Roomy => log + self.line(self.body) + 14.0,
            Density::Regular => log + self.line(self.body) + 5.0,
            Density::Snug => log + 6.0,
            Density::Compact => log + 5.0,
        }
    }

    /// Distance between two rows of cards, at least.
    pub fn row_gap(&self, density: Density) -> f64 {
        match density {
            Density::Roomy => 24.0,
            Density::Regular | Density::Compact => 16.0,
            Density::Snug => 10.0,
        }
    }

    /// Radius of a controller's ring.
    pub fn radius(&self, narrow: bool) -> f64 {
        (self.name * if narrow { 1.3 } else { 1.7 }).round()
    }
}
