//! The session of a question: the tables of one organisation, bounded memory, and nothing else that a
//! question could name.

use crate::{
    ask::AskError,
    limit::{FUNCTIONS, Limits},
    store::Store,
    table::TABLES,
};
use datafusion::{
    arrow::datatypes::DataType,
    catalog::view::ViewTable,
    common::DataFusionError,
    datasource::{
        file_format::parquet::ParquetFormat,
        listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl},
    },
    execution::{
        SessionStateBuilder, SessionStateDefaults,
        disk_manager::{DiskManagerBuilder, DiskManagerMode},
        memory_pool::FairSpillPool,
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
    },
    logical_expr::{LogicalPlanBuilder, lit},
    prelude::{SessionConfig, SessionContext},
};
use std::{collections::HashMap, sync::Arc};

/// A small table of names beside those of history: what a code is called, in the reader's language.
#[derive(Clone, Debug)]
pub struct Names {
    /// What it is called in SQL; its columns are `code` and `name`.
    pub table: &'static str,
    /// Codes and names.
    pub rows: Vec<(String, String)>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A person at a page: only functions that cannot make much of little.
    Page,
    /// An operator at a terminal of their own.
    Terminal,
}

fn runtime(limits: &Limits) -> Result<Arc<RuntimeEnv>, DataFusionError> {
    let mode = match limits.spill {
        0 => DiskManagerMode::Disabled,
        _ => DiskManagerMode::OsTmpDirectory,
    };
    let disk =
        DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(limits.spill);
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory)))
        .with_disk_manager_builder(disk)
        .build_arc()
}

/// A session with no table yet.
pub(crate) fn builder(who: Who, limits: &Limits) -> Result<SessionStateBuilder, DataFusionError> {
    let mut config = SessionConfig::new().with_target_partitions(limits.threads);
    if who == Who::Page {
        config = config.with_batch_size(1024);
        // One without an end would be ended by the clock only.
        config.options_mut().execution.enable_recursive_ctes = false;
    }
    let builder = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime(limits)?)
        .with_default_features();
    Ok(match who {
        Who::Terminal => builder,
        Who::Page => {
            let mut functions = SessionStateDefaults::default_scalar_functions();
            functions.retain(|f| FUNCTIONS.contains(&f.name()));
            // Those that gather texts make one that no bound counts.
            let mut aggregates = SessionStateDefaults::default_aggregate_functions();
            aggregates.retain(|f| !matches!(f.name(), "array_agg" | "string_agg"));
            builder
                .with_scalar_functions(functions)
                .with_aggregate_functions(aggregates)
                .with_higher_order_functions(Vec::new())
                .with_table_functions(HashMap::new())
        }
    })
}

/// The tables of an organisation, and the names.
pub(crate) fn register(
    context: &SessionContext,
    store: &Store,
    organisation: &str,
    names: &[Names],
) -> Result<(), AskError> {
    if let Some((bucket, remote)) = store.remote() {
        context.register_object_store(&bucket, remote);
    }
    for table in TABLES {
        let url = ListingTableUrl::try_new(store.url(organisation, table)?, None)?;
        let options = ListingOptions::new(Arc::new(ParquetFormat::default()))
            .with_file_extension(".parquet")
            .with_table_partition_cols(vec![("month".into(), DataType::Utf8)]);
        let config =
            ListingTableConfig::new(url).with_listing_options(options).with_schema(table.schema());
        context.register_table(table.name(), Arc::new(ListingTable::try_new(config)?))?;
    }
    for names in names.iter().filter(|n| !n.rows.is_empty()) {
        let rows = names.rows.iter().map(|(c, n)| vec![lit(c.as_str()), lit(n.as_str())]);
        let plan = LogicalPlanBuilder::values(rows.collect())?;
        let columns = plan.schema().columns().into_iter().zip(["code", "name"]);
        let columns: Vec<_> = columns
            .map(|(c, name)| datafusion::logical_expr::Expr::Column(c).alias(name))
            .collect();
        let plan = plan.project(columns)?.build()?;
        context.register_table(names.table, Arc::new(ViewTable::new(plan, None)))?;
    }
    Ok(())
}
