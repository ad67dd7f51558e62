//! Components: pure functions of plain props. Names no `web_sys`; what a browser must do goes through `platform`.

pub mod app;
pub mod callout;
pub mod chosen;
pub mod compare;
pub mod dock;
pub mod header;
pub mod icon;
pub mod inspector;
pub mod left;
pub mod moment;
pub mod overlay;
pub mod props;
pub mod prose;
pub mod right;
pub mod stage;
pub mod transport;
