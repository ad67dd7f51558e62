//! Racks: where brokers and consumers stand (`broker.rack`, `client.rack`).
//!
//! Kafka gives every process a value of its own. Here one setting names all of them in order: `a,b,c` puts broker 1
//! in rack a, broker 2 in rack b, broker 3 in rack c; `-` stands for no rack. A rack's name is one letter or digit.

use core::fmt;
use serde::{Deserialize, Serialize};

/// The most processes of one kind whose racks can be named.
const MOST: usize = 15;

/// A rack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rack(pub u8);

/// The racks of all processes of one kind, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Racks {
    of: [Option<Rack>; MOST],
}

impl Racks {
    /// Nobody has a rack.
    pub const NONE: Racks = Racks { of: [None; MOST] };

    /// Reads a list; `None` when it is none, or too long.
    pub fn parse(text: &str) -> Option<Racks> {
        let mut racks = Racks::NONE;
        for (place, name) in text.split(',').enumerate() {
            *racks.of.get_mut(place)? = match name.as_bytes() {
                b"-" => None,
                [name] if name.is_ascii_alphanumeric() => Some(Rack(*name)),
                _ => return None,
            };
        }
        Some(racks)
    }

    /// The rack of the process of that number, from 1.
    pub fn get(&self, number: u8) -> Option<Rack> {
        self.of.get(usize::from(number).checked_sub(1)?).copied().flatten()
    }
}

/// Without the processes at the end that have no rack; `-` for nobody.
impl fmt::Display for Racks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.of.iter().rposition(Option::is_some).map_or(1, |last| last + 1);
        for (place, rack) in self.of[..len].iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            write!(f, "{comma}{}", char::from(rack.map_or(b'-', |rack| rack.0)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn racks_are_read_and_printed_in_the_order_of_processes() {
        let racks = Racks::parse("a,-,b").unwrap_or_default();
        assert_eq!([1, 2, 3, 4].map(|n| racks.get(n)), [Some(Rack(b'a')), None, Some(Rack(b'b')), None]);
        assert_eq!((racks.to_string(), Racks::NONE.to_string()), ("a,-,b".into(), "-".into()));
        assert_eq!(
            (Racks::parse("-"), Racks::parse("rack-1"), Racks::parse("")),
            (Some(Racks::NONE), None, None)
        );
        assert_eq!(racks.get(0), None);
    }
}
