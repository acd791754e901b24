//! Who follows a drill hears at once that it went on (server-sent events), and reads again.

use crate::{
    App,
    auth::Right,
    ctx::Ctx,
    error::Error,
    route::{Access, Routes},
};
use axum::{
    extract::Path,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use hangtu_drill::exercise::Plan;
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{broadcast, watch};

/// Plans that are kept: each is an exercise of a few tens of kilobytes.
const PLANS: usize = 64;
/// News that a slow reader may be behind.
const BEHIND: usize = 64;

pub(super) fn routes(r: &mut Routes) {
    r.page("/drills/{id}/live", Access::Any(&[Right::Read, Right::Work]), follow);
}

/// What drills share between requests: plans that were read, and who follows which drill.
#[derive(Debug)]
pub(crate) struct Live {
    plans: Mutex<HashMap<String, Arc<Plan>>>,
    followed: Mutex<HashMap<String, broadcast::Sender<usize>>>,
    over: watch::Sender<bool>,
    pub(super) simulations: super::simulation::Running,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            plans: Mutex::default(),
            followed: Mutex::default(),
            over: watch::Sender::new(false),
            simulations: super::simulation::Running::default(),
        }
    }
}

impl Live {
    pub(super) fn plan(&self, sha256: &str) -> Option<Arc<Plan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).get(sha256).cloned()
    }

    pub(super) fn keep(&self, sha256: &str, plan: &Arc<Plan>) {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= PLANS {
            plans.clear();
        }
        plans.insert(sha256.to_owned(), Arc::clone(plan));
    }

    /// Tells the followers of a drill how long its log is now.
    pub(super) fn tell(&self, drill: &str, entries: usize) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if followed.get(drill).is_some_and(|to| to.send(entries).is_err()) {
            followed.remove(drill);
        }
    }

    fn hear(&self, drill: &str) -> broadcast::Receiver<usize> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || broadcast::Sender::new(BEHIND);
        followed.entry(drill.to_owned()).or_insert_with(new).subscribe()
    }

    /// Lets all followers go: the program stops.
    pub(crate) fn end(&self) {
        self.over.send_replace(true);
    }
}

/// Whether somebody may see a drill at all: who reads everything, or who plays in it.
pub(super) async fn admit(ctx: &Ctx, id: &str) -> Result<(), Error> {
    let (n,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM drill d WHERE d.organisation = $1 AND d.id = $2 AND ($3 = 1 OR EXISTS \
         (SELECT 1 FROM drill_part p WHERE p.drill = d.id AND p.organisation = d.organisation \
         AND p.person = $4))",
    )
    .bind(ctx.organisation()?)
    .bind(id)
    .bind(i64::from(ctx.may(Right::Read).is_ok()))
    .bind(&ctx.signed()?.person)
    .fetch_one(&mut *ctx.app.db.read().await?)
    .await?;
    if n == 0 { Err(Error::NotFound) } else { Ok(()) }
}

async fn follow(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    admit(&ctx, &id).await?;
    let app: App = ctx.app.clone();
    let news = app.drills.hear(&id);
    let over = app.drills.over.subscribe();
    let stream = stream::unfold((news, over), |(mut news, mut over)| async move {
        if *over.borrow() {
            return None;
        }
        let entries = tokio::select! {
            heard = news.recv() => match heard {
                Ok(entries) => entries.to_string(),
                // Behind by more than is kept: whatever it was, read again.
                Err(broadcast::error::RecvError::Lagged(_)) => "behind".to_owned(),
                Err(broadcast::error::RecvError::Closed) => return None,
            },
            _ = over.changed() => return None,
        };
        let event = Event::default().event("changed").data(entries);
        Some((Ok::<_, Infallible>(event), (news, over)))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(20));
    Ok(Sse::new(stream).keep_alive(alive).into_response())
}
