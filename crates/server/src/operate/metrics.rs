//! Measurements in Prometheus' text format.
//!
//! The table of routes is laid out once; a request only adds to counters in it.

use super::health;
use crate::{
    App,
    auth::Right,
    clock,
    ctx::Ctx,
    db::Kind,
    error::Error,
    route::{Access, Route, Routes},
};
use axum::{
    http::{HeaderMap, Method, header},
    response::{IntoResponse, Response},
};
use std::{
    collections::HashMap,
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

pub(super) fn routes(r: &mut Routes) {
    r.page("/metrics", Access::Open, show);
}

/// Upper bounds of the histogram, in milliseconds.
const BOUNDS: [u64; 10] = [5, 10, 25, 50, 100, 250, 500, 1000, 5000, 30_000];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What was counted of one route.
#[derive(Debug)]
pub(crate) struct Counted {
    method: Method,
    /// As declared; `other` for what no route matches.
    pub(crate) path: String,
    /// Whether its answer must begin soon.
    pub(crate) limited: bool,
    classes: [AtomicU64; CLASSES.len()],
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Counted {
    fn new(method: Method, path: String, limited: bool) -> Self {
        Self {
            method,
            path,
            limited,
            classes: Default::default(),
            buckets: Default::default(),
            micros: AtomicU64::new(0),
        }
    }

    /// Counts an answer.
    pub(crate) fn add(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.classes[class].fetch_add(1, Relaxed);
        let millis = took.as_millis() as u64;
        let at = BOUNDS.iter().position(|b| millis <= *b).unwrap_or(BOUNDS.len());
        self.buckets[at].fetch_add(1, Relaxed);
        self.micros.fetch_add(took.as_micros() as u64, Relaxed);
    }
}

/// The counters of all routes.
#[derive(Debug)]
pub(crate) struct Metrics {
    counted: Vec<Counted>,
    /// Where the routes of a path stand.
    by_path: HashMap<String, Vec<usize>>,
    pub(crate) started: i64,
    /// Writes that succeeded and left no entry in a log: there are to be none.
    pub(crate) without_entry: AtomicU64,
}

impl Metrics {
    pub(crate) fn new(routes: &[Route]) -> Self {
        let mut counted = vec![Counted::new(Method::GET, "other".into(), true)];
        let mut by_path: HashMap<String, Vec<usize>> = HashMap::new();
        for route in routes {
            let json = "application/json";
            // What sends or takes files takes as long as it takes.
            let limited = route.doc.as_ref().is_none_or(|d| d.takes == json && d.gives == json);
            let mut paths = vec![route.path.to_owned()];
            if route.doc.is_some() {
                // As the router names it: the nested home page has no slash at its end.
                paths.push(format!("/api/v1{}", route.path.trim_end_matches('/')));
            }
            for path in paths {
                by_path.entry(path.clone()).or_default().push(counted.len());
                counted.push(Counted::new(route.method.clone(), path, limited));
            }
        }
        Self { counted, by_path, started: clock::now(), without_entry: AtomicU64::new(0) }
    }

    /// The counters of a route.
    pub(crate) fn of(&self, method: &Method, path: Option<&str>) -> &Counted {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        path.and_then(|p| self.by_path.get(p))
            .and_then(|places| places.iter().find(|at| self.counted[**at].method == *method))
            .map_or(&self.counted[0], |at| &self.counted[*at])
    }

    fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let mut line = |text: std::fmt::Arguments<'_>| {
            let _ = writeln!(out, "{text}");
        };
        line(format_args!("# TYPE hangtu_requests_total counter"));
        let used: Vec<&Counted> =
            self.counted.iter().filter(|c| c.classes.iter().any(|n| n.load(Relaxed) > 0)).collect();
        for c in &used {
            for (class, n) in CLASSES.iter().zip(&c.classes) {
                let n = n.load(Relaxed);
                if n > 0 {
                    line(format_args!(
                        "hangtu_requests_total{{method=\"{}\",route=\"{}\",status=\"{class}\"}} {n}",
                        c.method, c.path
                    ));
                }
            }
        }
        let without = self.without_entry.load(Relaxed);
        line(format_args!("# TYPE hangtu_writes_without_entry_total counter"));
        line(format_args!("hangtu_writes_without_entry_total {without}"));
        line(format_args!("# TYPE hangtu_request_duration_seconds histogram"));
        for c in &used {
            let labels = format!("method=\"{}\",route=\"{}\"", c.method, c.path);
            let mut sum = 0;
            for (at, bucket) in c.buckets.iter().enumerate() {
                sum += bucket.load(Relaxed);
                let bound =
                    BOUNDS.get(at).map_or("+Inf".into(), |b| (*b as f64 / 1000.0).to_string());
                line(format_args!(
                    "hangtu_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} {sum}"
                ));
            }
            let seconds = c.micros.load(Relaxed) as f64 / 1e6;
            line(format_args!("hangtu_request_duration_seconds_sum{{{labels}}} {seconds}"));
            line(format_args!("hangtu_request_duration_seconds_count{{{labels}}} {sum}"));
        }
        out
    }
}

/// For this machine itself, or who operates the program; a proxy's requests are not this machine's.
fn admit(ctx: &Ctx, headers: &HeaderMap) -> Result<(), Error> {
    let here = ctx.address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let forwarded = ["x-forwarded-for", "forwarded", "x-real-ip"]
        .iter()
        .any(|name| headers.contains_key(*name));
    if here && !forwarded && !ctx.app.config.behind_proxy {
        return Ok(());
    }
    ctx.may(Right::System)
}

async fn show(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    admit(&ctx, &headers)?;
    let mut text = ctx.app.metrics.text();
    let mut gauge = |name: &str, labels: &str, value: u64| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "# TYPE {name} gauge\n{name}{labels} {value}");
    };
    let build = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    gauge("hangtu_build_info", &build, 1);
    gauge("hangtu_start_time_seconds", "", (ctx.app.metrics.started / clock::SECOND) as u64);
    for (name, n) in numbers(&ctx.app).await? {
        gauge(name, "", n);
    }
    if let Some(free) = health::room(&ctx.app) {
        gauge("hangtu_disk_free_bytes", "", free);
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

async fn numbers(app: &App) -> Result<Vec<(&'static str, u64)>, Error> {
    let mut connection = app.db.read().await?;
    let mut numbers = Vec::new();
    for (name, state) in [("hangtu_jobs_queued", "queued"), ("hangtu_jobs_running", "running")] {
        let (n,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM job WHERE state = $1")
            .bind(state)
            .fetch_one(&mut *connection)
            .await?;
        numbers.push((name, n as u64));
    }
    let (sessions,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM session WHERE expires > $1")
        .bind(clock::now())
        .fetch_one(&mut *connection)
        .await?;
    numbers.push(("hangtu_sessions", sessions as u64));
    let size = match app.db.kind {
        Kind::Sqlite => {
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        }
        Kind::Postgres => "SELECT pg_database_size(current_database())",
    };
    let (bytes,): (i64,) = sqlx::query_as(size).fetch_one(&mut *connection).await?;
    numbers.push(("hangtu_database_bytes", bytes as u64));
    Ok(numbers)
}
