//! Beginning a simulation.

use super::{State, recipe, run, subject};
use crate::{
    auth::new_id,
    clock,
    ctx::Ctx,
    error::Error,
    input::{self, Input, line},
};
use axum::response::Response;
use hangtu_catalog::key;
use hangtu_drill::{
    exercise,
    simulate::{Budget, Decoys, Plan, Profiles},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// Decoys of a simulation, at most; the command line makes more.
pub(super) const MOST: u32 = 20_000;
/// Seconds the attack may take.
const ATTACK: u64 = 1800;
/// Seconds after which whoever finds its directory may clear it away.
const LIFE: u64 = 4 * 3600;

/// What is to be simulated.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct New {
    /// One of the folders that are allowed.
    folder: String,
    /// Identifier of a behaviour.
    profile: String,
    /// Decoys, 10 to 20,000; 500 when nothing is said.
    #[serde(deserialize_with = "input::blank")]
    files: Option<u32>,
    /// Files a second, or the name of a rate; the behaviour's own when nothing is said.
    rate: String,
    /// Seconds to wait for somebody or something to notice, once the attack is over, 0 to 3,600.
    /// 0: nobody is expected to. 60 when nothing is said.
    #[serde(deserialize_with = "input::blank")]
    wait: Option<u32>,
    /// Whom to call about it; stands in every note.
    contact: String,
    /// A running drill whose log is to hold what is measured.
    drill: String,
    /// `yes`: those who must know have been told.
    informed: String,
}

/// The new simulation.
#[derive(Serialize, JsonSchema)]
pub(super) struct Begun {
    id: String,
}

pub(super) async fn begin(ctx: Ctx, Input(new): Input<New>) -> Result<Response, Error> {
    let choice = |field| Error::invalid(field, key::SERVER_FIELD_CHOICE);
    let Some(worker) = ctx.app.config.drill_worker.clone() else {
        return Err(Error::conflict(key::SIMULATION_NO_FOLDER));
    };
    let folders = recipe::folders(&ctx.app.config.drill_folders);
    if folders.is_empty() {
        return Err(Error::conflict(key::SIMULATION_NO_FOLDER));
    }
    let folder = folders.into_iter().find(|f| f.display().to_string() == new.folder);
    let folder = folder.ok_or_else(|| choice("folder"))?;
    let profiles = Profiles::embedded().map_err(Error::internal)?;
    let mut profile = profiles.get(&new.profile).cloned().ok_or_else(|| choice("profile"))?;
    if !new.rate.trim().is_empty() {
        profile.rate = profiles.rate(new.rate.trim()).ok_or_else(|| choice("rate"))?;
    }
    let files = new.files.unwrap_or(500);
    let wait = new.wait.unwrap_or(60);
    if !(10..=MOST).contains(&files) {
        return Err(choice("files"));
    }
    if wait > 3600 {
        return Err(choice("wait"));
    }
    let contact = line("contact", &new.contact, 100)?;
    if new.informed != "yes" {
        return Err(Error::invalid("informed", key::SIMULATION_INFORM));
    }
    if !new.drill.is_empty() {
        let c = &mut *ctx.app.db.read().await?;
        let drill = crate::drill::log::load(&ctx.app, c, ctx.organisation()?, &new.drill).await;
        let drill = drill.map_err(|_| choice("drill"))?;
        let runs = drill.run.state() == exercise::State::Running && drill.row.style.is_empty();
        if !runs {
            return Err(choice("drill"));
        }
    }
    let recipe = recipe::read(&folder)?;
    let wrong = |why: String| Error::internal(why);
    let plan = Plan {
        decoys: Decoys {
            parent: folder.clone(),
            never: std::iter::once(ctx.app.config.data.clone())
                .chain(recipe.never.clone())
                .collect(),
            profile,
            files: files as usize,
            seed: clock::now().unsigned_abs(),
            scale: 1.0,
            budget: Budget { files: files.into(), bytes: 4 << 30, seconds: ATTACK },
            ttl: Duration::from_secs(LIFE),
            contact: contact.clone(),
            escrow: None,
            uid: None,
        },
        worker,
        doors: recipe.doors(wait > 0).map_err(wrong)?,
        linger: Duration::from_secs(wait.into()),
        recover: recipe.recover().map_err(wrong)?,
        undo: true,
        clean: true,
    };

    let id = new_id();
    let organisation = ctx.organisation()?.to_owned();
    // One at a time on this machine: two would measure each other.
    let now = ctx.app.drills.simulations.enter(&organisation, &id)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let (last,): (i64,) =
        sqlx::query_as("SELECT COALESCE(MAX(number), 0) FROM simulation WHERE organisation = $1")
            .bind(&organisation)
            .fetch_one(&mut *change)
            .await?;
    let actor = change.actor().clone();
    sqlx::query(
        "INSERT INTO simulation (id, organisation, number, person, person_name, created, folder, \
         profile, files, contact, drill, state) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(&id)
    .bind(&organisation)
    .bind(last + 1)
    .bind(&actor.id)
    .bind(&actor.name)
    .bind(clock::now())
    .bind(folder.display().to_string())
    .bind(&new.profile)
    .bind(i64::from(files))
    .bind(&contact)
    .bind(&new.drill)
    .bind(State::Running.word())
    .execute(&mut *change)
    .await?;
    let folder = folder.display().to_string();
    let detail = json!({ "number": last + 1, "folder": folder, "profile": new.profile,
        "files": files, "contact": contact, "drill": new.drill });
    change.note("simulation.begin", subject(&id), detail);
    change.commit().await?;
    run::spawn(&ctx.app, now, plan);
    let next = format!("/drills/simulations/{id}");
    Ok(ctx.done(&Begun { id }, &next, key::SIMULATION_BEGUN))
}
