//! Starting, serving, stopping.

use crate::{
    App, Config, Parts, admin, audit,
    auth::Throttle,
    ctx,
    db::Db,
    error::Error,
    jobs::Jobs,
    operate::{Metrics, limit, linger, observe, steady},
    routes,
    tls::{Tls, TlsError, TlsListener},
};
use axum::{
    Router,
    extract::{
        DefaultBodyLimit, Request, State,
        connect_info::{Connected, IntoMakeServiceWithConnectInfo},
    },
    http::{HeaderName, HeaderValue, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
    serve::{IncomingStream, Listener},
};
use hangtu_catalog::Catalog;
use std::{fs, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

/// Why the program could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder cannot be used.
    #[error("{0}: {1}")]
    Data(String, std::io::Error),
    /// The address cannot be listened on.
    #[error("{0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The database cannot be used.
    #[error("database: {0}")]
    Database(String),
    /// The site's key signs with this, and something else was asked for.
    #[error("the site signs with {0}")]
    Signature(hangtu_ledger::Algorithm),
    /// History cannot be kept where it was asked for.
    #[cfg(feature = "history")]
    #[error("history: {0}")]
    History(String),
    /// The data folder belongs to an organisation that is no demonstration.
    #[error("the data folder is set up for an organisation already")]
    NoDemo,
    /// The embedded content does not hold.
    #[error(transparent)]
    Content(#[from] hangtu_catalog::ContentError),
}

/// A program ready to serve.
pub struct Server {
    app: App,
    listener: TcpListener,
    tls: Option<Tls>,
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("listener", &self.listener).finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the store, brings it up to date, and starts to listen.
    pub async fn start(mut config: Config) -> Result<Self, ServeError> {
        let data = |e| ServeError::Data(config.data.display().to_string(), e);
        fs::create_dir_all(&config.data).map_err(data)?;
        let tls = match config.tls.clone() {
            Some((certificate, key)) => Some(Tls::open(certificate, key)?),
            None => None,
        };
        if let Some(other) = audit::signs_otherwise(&config.data, config.signature) {
            return Err(ServeError::Signature(other));
        }
        let auth = crate::auth::State::open(&config).map_err(data)?;
        let url = config.database_url.clone().unwrap_or_else(|| Db::embedded(&config.data));
        let broken = |e: Error| ServeError::Database(format!("{e:?}"));
        let db = Db::open(&url).await.map_err(broken)?;
        let signer =
            audit::Signer::open(&config.data, &db, config.signature).await.map_err(broken)?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|e| ServeError::Listen(config.listen, e))?;
        // The port that the system chose, where it was left to it.
        config.listen = listener.local_addr().map_err(|e| ServeError::Listen(config.listen, e))?;
        let app = App(Arc::new(Parts {
            catalog: Catalog::embedded()?,
            db,
            throttle: Throttle::default(),
            auth,
            jobs: Jobs::default(),
            uploads: crate::examine::Uploads::default(),
            signer,
            metrics: Metrics::new(&routes().list),
            drills: crate::drill::Live::default(),
            training: crate::train::State::default(),
            tallies: crate::correct::facts::Tallies::default(),
            intake: crate::submit::Gate::default(),
            pictures: crate::supervise::picture::Pictures::default(),
            rosters: crate::supervise::roster::Lists::default(),
            looks: crate::supervise::roster::Looks::default(),
            #[cfg(feature = "history")]
            history: crate::supervise::history::State::open(config.history.as_deref())
                .map_err(ServeError::History)?,
            set_up: admin::SetUpCode::new().map_err(broken)?,
            config,
        }));
        crate::jobs::start(&app).await.map_err(broken)?;
        crate::examine::clean(&app);
        crate::drill::recover(&app).await.map_err(broken)?;
        crate::correct::start(&app);
        crate::drill::start(&app);
        crate::train::start(&app);
        crate::supervise::start(&app);
        crate::submit::start(&app);
        Ok(Self { app, listener, tls })
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Where people reach it.
    pub fn url(&self) -> Option<String> {
        self.address().map(|a| self.app.config.url(a))
    }

    /// The one-time link that sets it up; absent when it is.
    pub async fn set_up_link(&self) -> Option<String> {
        if admin::is_set_up(&self.app).await.ok()? {
            return None;
        }
        let base = self.url()?;
        Some(format!("{base}/set-up?code={}", self.app.set_up.code()))
    }

    /// Sets up a synthesised plant and begins to examine its evidence; gives the accounts and
    /// their password, or nothing when that was done at an earlier start.
    pub async fn demo(&self) -> Result<Option<(Vec<String>, String)>, ServeError> {
        crate::demo::demo(&self.app).await.map_err(|e| match e {
            Error::Conflict(_) => ServeError::NoDemo,
            e => ServeError::Database(format!("{e:?}")),
        })
    }

    /// Serves until `stop` is done; then requests and the running job are let finish or put back.
    pub async fn serve(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let router = router(&self.app).into_make_service_with_connect_info::<Peer>();
        let app = self.app.clone();
        let stop = {
            let app = app.clone();
            async move {
                stop.await;
                // Who follows a drill would keep the program from stopping.
                app.drills.end();
            }
        };
        let served = match self.tls {
            None => until(self.listener, router, stop).await,
            Some(tls) => match tls.over(self.listener) {
                Ok(listener) => until(listener, router, stop).await,
                Err(e) => Err(e),
            },
        };
        served.map_err(|e| ServeError::Listen(app.config.listen, e))?;
        crate::drill::stop(&app).await;
        crate::jobs::stop(&app).await;
        app.db.close().await;
        Ok(())
    }
}

async fn until<L: Listener<Addr = SocketAddr>>(
    listener: L,
    router: IntoMakeServiceWithConnectInfo<Router, Peer>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()>
where
    Peer: for<'s> Connected<IncomingStream<'s, L>>,
{
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

pub(crate) fn router(app: &App) -> Router {
    routes()
        .router()
        .layer(DefaultBodyLimit::max(32 << 20))
        .layer(from_fn(steady))
        .layer(from_fn_with_state(app.clone(), limit))
        .layer(from_fn_with_state(app.clone(), ctx::identify))
        .layer(from_fn_with_state(app.clone(), harden))
        .layer(from_fn(linger))
        .layer(from_fn_with_state(app.clone(), observe))
        .with_state(app.clone())
}

/// An answer with a stranger's bytes, which its own policy shuts off: it may be framed by documents
/// that are shut off like it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Foreign;

/// Nothing from outside, no frames, no guessing of types; pages are not kept by shared caches.
async fn harden(State(app): State<App>, request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 6] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; \
             base-uri 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self)",
        ),
    ];
    let mut response = next.run(request).await;
    let foreign = response.extensions().get::<Foreign>().is_some();
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        if foreign && name == header::X_FRAME_OPTIONS {
            continue;
        }
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.config.secure() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    response
}
