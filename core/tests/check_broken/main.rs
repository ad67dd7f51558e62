//! Every invariant is found broken when it is: each test makes the bad state by hand and lets the checker look.
//! Where one lie breaks several promises, the list says so.

mod clients;
mod eligible;
mod ensemble;
mod groups;
mod lab;
mod logs;
mod partitions;
mod producers;
mod quorum;
mod void;
