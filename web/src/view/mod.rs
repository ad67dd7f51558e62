//! Components: pure functions of plain props. Names no `web_sys`; what a browser must do goes through `platform`.

pub mod app;
pub mod dock;
pub mod header;
pub mod inspector;
pub mod moment;
pub mod props;
pub mod stage;
pub mod transport;
