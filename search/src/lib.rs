//! kraftscope-search: looks for runs in which a promise breaks.
//!
//! It draws clusters and faults by chance, lets them run under the checker, heals them and demands that they come
//! together again; what it finds it makes as short as it can. It owns no clock and no thread: whoever drives it
//! (the command line, a web worker) asks for so many events at a time.
