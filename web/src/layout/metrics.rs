//! Type sizes and distances, all multiples of 2 on a grid of 8.

use super::Viewport;

/// How much a row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Density {
    /// Words, log, flags, ticks and carets in lanes of their own.
    Roomy,
    /// The same, closer together.
    Regular,
    /// The log and a sign for the role.
    Compact,
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
    /// Size of a finger's or mouse's target on a message.
    pub reach: f64,
}

impl Metrics {
    /// The sizes for this viewport.
    pub fn of(viewport: Viewport) -> Metrics {
        let narrow = viewport.width < NARROW;
        if viewport.presenting && !narrow {
            return Metrics {
                name: 19.0,
                body: 16.0,
                small: 14.0,
                cell: 15.0,
                pad: 10.0,
                margin: 16.0,
                column_min: 148.0,
                pitch_min: 28.0,
                reach: 16.0,
            };
        }
        Metrics {
            name: 15.0,
            body: 13.0,
            small: 12.0,
            cell: 12.0,
            pad: 8.0,
            margin: if narrow { 8.0 } else { 16.0 },
            column_min: if narrow { 112.0 } else { 104.0 },
            pitch_min: if narrow { 19.0 } else { 22.0 },
            reach: if narrow { 20.0 } else { 12.0 },
        }
    }

    /// Height of a line of words.
    pub fn line(&self, size: f64) -> f64 {
        (size * 1.35).round()
    }

    /// Height of a broker's head.
    pub fn head(&self, density: Density) -> f64 {
        let air = if density == Density::Compact { 14.0 } else { 20.0 };
        self.line(self.name) + self.line(self.small) + air - 4.0
    }

    /// Height of a record's cell.
    pub fn cell_height(&self, density: Density) -> f64 {
        if density == Density::Compact { self.cell + 8.0 } else { self.cell + 10.0 }
    }

    /// Above the cells: where the flag of the high watermark stands.
    pub fn flag_lane(&self, density: Density) -> f64 {
        if density == Density::Compact { 8.0 } else { self.line(self.small) }
    }

    /// Below the cells: ticks of followers, carets of consumers.
    pub fn tick_lane(&self, density: Density) -> f64 {
        match density {
            Density::Roomy => self.line(self.small) + 6.0,
            Density::Regular => self.line(self.small),
            Density::Compact => 8.0,
        }
    }

    /// Height of a replica's card.
    pub fn card(&self, density: Density) -> f64 {
        let log = self.flag_lane(density) + self.cell_height(density) + self.tick_lane(density);
        match density {
            Density::Roomy => log + self.line(self.body) + 12.0,
            Density::Regular => log + self.line(self.body) + 6.0,
            Density::Compact => log + 4.0,
        }
    }

    /// Distance between two rows of cards, at least.
    pub fn row_gap(&self, density: Density) -> f64 {
        match density {
            Density::Roomy => 24.0,
            Density::Regular => 16.0,
            Density::Compact => 16.0,
        }
    }
}
