//! The metadata side: the replayed image, and the active controller that decides.

pub mod image;
