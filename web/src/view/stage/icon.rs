//! Signs, drawn in a box of 16 by 16 whose upper left corner is the origin.

/// Leads.
pub(super) const CROWN: &str = "M1.4 13.5 0 4.2l4.7 3.1L8 1.2l3.3 6.1L16 4.2l-1.4 9.3z";
/// Cut.
pub(super) const SCISSORS: &str = "M6.2 6.4 15.5 13M6.2 9.6 15.5 3M6.5 4.8a2.4 2.4 0 1 1-4.8 0 2.4 2.4 0 0 1 4.8 0\
                                   zM6.5 11.2a2.4 2.4 0 1 1-4.8 0 2.4 2.4 0 0 1 4.8 0z";
/// Yes.
pub(super) const CHECK: &str = "M2.5 8.5 6.3 12.3 13.5 4";
/// No.
pub(super) const CROSS: &str = "M3.5 3.5l9 9M12.5 3.5l-9 9";
/// Follows.
pub(super) const RING: &str = "M13 8A5 5 0 1 1 3 8a5 5 0 0 1 10 0z";
/// Asks for votes.
pub(super) const HAND: &str = "M13 8A5 5 0 1 1 3 8a5 5 0 0 1 10 0zM8 10.5v-5M5.8 7.4 8 5.2l2.2 2.2";
/// Knows nothing: a ring with a stroke through it.
pub(super) const NOTHING: &str = "M13 8A5 5 0 1 1 3 8a5 5 0 0 1 10 0zM3.5 12.5l9-9";
/// Sends.
pub(super) const UP: &str = "M8 14V3M3.5 7.5 8 3l4.5 4.5";
/// Reads.
pub(super) const DOWN: &str = "M8 2v11M3.5 8.5 8 13l4.5-4.5";
/// Waits.
pub(super) const CLOCK: &str = "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 4.5V8l2.6 1.8";
/// A consumer group: two heads.
pub(super) const GROUP: &str = "M8.2 5.2a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM1.2 13.8c0-2.8 1.9-4.4 4.5-4.4s4.5 1.6 4.5 4.4\
                                M10.6 2.9a2.4 2.4 0 0 1 0 4.6M12.4 9.8c1.6.6 2.4 2 2.4 4";
/// Something is wrong.
pub(super) const ALERT: &str = "M8 2v7.5M8 12.2v1.3";
/// A connection.
pub(super) const LINK: &str = "M2 5.5h9.5M9 2.8l2.8 2.7L9 8.2M14 10.5H4.5M7 7.8l-2.8 2.7L7 13.2";
