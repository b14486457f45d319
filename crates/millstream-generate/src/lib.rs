//! Relational rows as pure functions of their index.
//!
//! [`Tables`] compiles the tables of a file and gives any range of rows of any of them; [`Timeline`] says how many
//! rows there are after each tick; [`GeneratorSource`] turns both into streams that grow at their cadence and go on
//! after a restart where the last commit left off.

mod adopted;
pub mod audit;
mod bookmark;
mod check;
mod compile;
mod control;
mod declared;
mod disorder;
mod draws;
mod evaluate;
mod fused;
mod generations;
mod growth;
mod infer;
mod library;
mod nulls;
mod plan;
mod providers;
mod range;
mod rate;
mod shape;
mod source;
mod spec;
mod speed;
mod status;
mod tables;
mod timeline;
mod zipf;

pub use adopted::{AdoptedHistory, AdoptedRows, AdoptedSpec, AdoptedTable};
pub use control::{CadenceChange, CadenceControl, ChangeError};
pub use disorder::{Delay, Disorder, Duplicate, Late};
pub use generations::{Cycles, Generation};
pub use growth::Growth;
pub use infer::Inferred;
pub use nulls::NullShare;
pub use providers::{Provider, providers};
pub use range::RangeSource;
pub use rate::Rate;
pub use shape::{Burst, Ramp, Schedule, ScheduleWindow, Shape, ShapeError, Sine, Then};
pub use source::{GeneratorSource, Mode};
pub use spec::{
    Cadence, ColumnSpec, OnRestart, PARQUET_TYPE, SpecError, TableSpec, TablesSpec, UpdatePolicy,
};
pub use speed::Speed;
pub use status::{CadenceStatus, TableStatus};
pub use tables::{Evaluated, Tables};
pub use timeline::{Timeline, Timelines};
