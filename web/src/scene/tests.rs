//! The moving parts.
