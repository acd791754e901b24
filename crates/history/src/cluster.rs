//! The same SQL on a Ballista cluster: a scheduler, executors, and asking them.
//!
//! Nothing between these processes is encrypted and nobody is asked who they are: whoever reaches the
//! ports may read whatever the executors can read. They belong on one machine, or on a network of their
//! own. All of them, and whoever asks, must reach history by the same name.

use crate::{
    ask::{Answer, AskError, bounded, run},
    limit::Limits,
    session::{self, Names, Who},
    store::Store,
};
use ballista::prelude::SessionContextExt;
use ballista_core::object_store::{
    runtime_env_with_s3_support, session_config_with_s3_support, session_state_with_s3_support,
};
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::{
    cluster::BallistaCluster, config::SchedulerConfig, scheduler_process::start_server,
};
use datafusion::prelude::SessionContext;
use std::{net::SocketAddr, path::PathBuf, sync::Arc};

/// Why a process of the cluster ended.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ClusterError(String);

/// An executor.
#[derive(Clone, Debug)]
pub struct Executor {
    /// Where it listens, for results; what it is told comes by the next port.
    pub listen: SocketAddr,
    /// The scheduler's host and port.
    pub scheduler: (String, u16),
    /// Where intermediate results lie; a temporary folder where none is named.
    pub work: Option<PathBuf>,
    /// Partitions it works on at once.
    pub threads: usize,
    /// Bytes that its work may hold.
    pub memory: u64,
}

/// Answers a question on a cluster, for an operator.
pub async fn ask(
    scheduler: &str,
    store: &Store,
    organisation: &str,
    names: &[Names],
    sql: &str,
    limits: &Limits,
) -> Result<Answer, AskError> {
    let state = session::builder(Who::Terminal, limits)?.build();
    let url = format!("df://{scheduler}");
    let context = SessionContext::remote_with_state(&url, state).await?;
    session::register(&context, store, organisation, names)?;
    bounded(run(&context, sql, limits), limits).await
}

/// Runs a scheduler until it is ended.
pub async fn scheduler(listen: SocketAddr) -> Result<(), ClusterError> {
    let config = SchedulerConfig {
        bind_host: listen.ip().to_string(),
        external_host: listen.ip().to_string(),
        bind_port: listen.port(),
        override_config_producer: Some(Arc::new(session_config_with_s3_support)),
        override_session_builder: Some(Arc::new(session_state_with_s3_support)),
        ..SchedulerConfig::default()
    };
    let failed = |e: ballista_core::error::BallistaError| ClusterError(e.to_string());
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(failed)?;
    start_server(cluster, listen, Arc::new(config)).await.map_err(failed)
}

/// Runs an executor until it is ended.
pub async fn executor(executor: Executor) -> Result<(), ClusterError> {
    let Executor { listen, scheduler, work, threads, memory } = executor;
    let config = ExecutorProcessConfig {
        bind_host: listen.ip().to_string(),
        external_host: Some(listen.ip().to_string()),
        port: listen.port(),
        grpc_port: listen.port() + 1,
        scheduler_host: scheduler.0,
        scheduler_port: scheduler.1,
        scheduler_connect_timeout_seconds: 30,
        vcores: threads,
        work_dir: work.map(|w| w.display().to_string()),
        memory_pool_size: Some(memory),
        override_config_producer: Some(Arc::new(session_config_with_s3_support)),
        override_runtime_producer: Some(Arc::new(runtime_env_with_s3_support)),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await.map_err(|e| ClusterError(e.to_string()))
}
