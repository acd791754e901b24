//! The same SQL on a Ballista cluster: a scheduler, executors, and asking them.
//!
//! Nothing between these processes is encrypted and nobody is asked who they are: whoever reaches the
//! ports may read whatever the executors can read. They belong on one machine, or on a network of their
//! own. All of them, and whoever asks, must reach history by the same name.

use crate::{
    ask::{Answer, AskError, bounded, run},
    limit::Limits,
    session::{self, Names, Who},
    store::{self, Store},
};
use ballista::prelude::SessionContextExt;
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::{
    cluster::BallistaCluster, config::SchedulerConfig, scheduler_process::start_server,
};
use datafusion::{
    common::{DataFusionError, Result as Done},
    execution::{
        SessionState, SessionStateBuilder,
        object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry},
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
    },
    prelude::{SessionConfig, SessionContext},
};
use object_store::ObjectStore;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use url::Url;

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

/// What a process of the cluster reaches: the files of its machine, and buckets with the credentials of its
/// environment.
#[derive(Debug, Default)]
struct Reach(DefaultObjectStoreRegistry);

impl ObjectStoreRegistry for Reach {
    fn register_store(
        &self,
        url: &Url,
        store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        self.0.register_store(url, store)
    }

    fn get_store(&self, url: &Url) -> Done<Arc<dyn ObjectStore>> {
        let known = self.0.get_store(url);
        let ("s3", Some(name)) = (url.scheme(), url.host_str()) else { return known };
        known.or_else(|_| {
            let bucket =
                store::bucket(name).map_err(|e| DataFusionError::ObjectStore(Box::new(e)))?;
            let bucket: Arc<dyn ObjectStore> = Arc::new(bucket);
            self.register_store(url, Arc::clone(&bucket));
            Ok(bucket)
        })
    }
}

fn runtime(work: Option<&Path>) -> Done<Arc<RuntimeEnv>> {
    let builder = RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(Reach::default()));
    match work {
        Some(work) => builder.with_temp_file_path(work),
        None => builder,
    }
    .build_arc()
}

fn state(config: SessionConfig) -> Done<SessionState> {
    let usual = default_session_builder(config)?;
    Ok(SessionStateBuilder::new_from_existing(usual).with_runtime_env(runtime(None)?).build())
}

/// Runs a scheduler until it is ended.
pub async fn scheduler(listen: SocketAddr) -> Result<(), ClusterError> {
    let config = SchedulerConfig {
        bind_host: listen.ip().to_string(),
        external_host: listen.ip().to_string(),
        bind_port: listen.port(),
        override_session_builder: Some(Arc::new(state)),
        ..SchedulerConfig::default()
    };
    let failed = |e: ballista_core::error::BallistaError| ClusterError(e.to_string());
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(failed)?;
    start_server(cluster, listen, Arc::new(config)).await.map_err(failed)
}

/// Runs an executor until it is ended.
pub async fn executor(executor: Executor) -> Result<(), ClusterError> {
    let Executor { listen, scheduler, work, threads, memory } = executor;
    let spill = work.clone();
    if let Some(work) = &work {
        let failed = |e| ClusterError(format!("{}: {e}", work.display()));
        std::fs::create_dir_all(work).map_err(failed)?;
    }
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
        override_runtime_producer: Some(Arc::new(move |_| runtime(spill.as_deref()))),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await.map_err(|e| ClusterError(e.to_string()))
}
