//! Abstract models of Kafka's replication, and the explorer that visits all of their states.
//!
//! Five models of one partition, one for each age of the protocol, and one of how an ISR change travels: ports
//! of Jason Gustafson's TLA+ modules (hachikuji/kafka-specification). They are small enough to be exhausted, so
//! the number of their states is a fact, and an oracle: a slip in a rule or in the explorer changes it. And they
//! are the reference that the real protocol code is held against, step by step.
//!
//! Reading order: [`spec`] (which models, which sizes), [`replicas`] (the state as the rules see it), [`rules`]
//! (what may happen), [`promise`] (what must hold), [`packed`] (the state in 40 bytes), [`partition`] and
//! [`async_isr`] (the models), [`explore`] (breadth first, with [`seen`]), [`words`] (for people), [`run`].
//!
//! Deliberately unknown here: time, messages, the disk, and everything in `kraftscope-core`.
//!
//! Left out: TypeOk and LeaderInIsr, which are false as published; fairness and liveness; symmetry, so that
//! every count can be compared with TLC's.
#![no_std]

extern crate alloc;

pub mod async_isr;
pub mod explore;
pub mod packed;
pub mod partition;
pub mod promise;
pub mod replicas;
pub mod rules;

pub mod run;
pub mod seen;
pub mod spec;
pub mod words;
