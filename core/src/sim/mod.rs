//! The simulator: actions, and the world that they change.

pub mod action;
