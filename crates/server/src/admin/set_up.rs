//! The first hour: the organisation, its three separated administrators, its first officer.

use super::below::{self, Invited};
use crate::{
    App,
    auth::{Kind, Role, new_id, password, random},
    clock,
    ctx::Ctx,
    db::{Actor, Change},
    error::Error,
    input::{Asked, Input, line},
    people,
    route::{Access, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Catalog, credit_code, hex, key, sha256};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    r.page("/set-up", Access::Open, page);
    r.form("/set-up", Access::Open, save);
}

/// The secret of the one-time link; a new one at each start, worthless once there is an
/// organisation.
pub(crate) struct SetUpCode(String);

impl SetUpCode {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self(hex(&random::<16>()?)))
    }

    /// The code, for the link.
    pub(crate) fn code(&self) -> &str {
        &self.0
    }

    fn check(&self, code: &str) -> Result<(), Error> {
        // Hashes are compared, so the time it takes says nothing of the code.
        let same = sha256(code.as_bytes()) == sha256(self.0.as_bytes());
        if same { Ok(()) } else { Err(Error::Forbidden) }
    }
}

/// Whether there is an organisation.
pub(crate) async fn is_set_up(app: &App) -> Result<bool, Error> {
    let (n,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM organisation")
        .fetch_one(&mut *app.db.read().await?)
        .await?;
    Ok(n > 0)
}

#[derive(Deserialize)]
struct Code {
    #[serde(default)]
    code: String,
    /// What is to be set up; an enterprise unless said otherwise.
    #[serde(default)]
    kind: String,
}

#[derive(Template)]
#[template(path = "admin/set_up.html")]
struct SetUpPage<'a> {
    page: Page,
    code: String,
    kind: Kind,
    /// What may be chosen; nothing where the link says what it is for.
    kinds: &'static [Kind],
    /// The only region there is to choose; empty for all.
    region: String,
    catalog: &'a Catalog,
}

impl SetUpPage<'_> {
    fn roles(&self) -> [Role; 4] {
        first(self.kind)
    }

    /// Whether it belongs to one region.
    fn placed(&self) -> bool {
        !matches!(self.kind, Kind::Nation | Kind::Group)
    }
}

/// The first people: their role and what the form calls them.
const fn first(kind: Kind) -> [Role; 4] {
    let works = if kind.supervises() { Role::Supervisor } else { Role::Officer };
    [Role::System, Role::Security, Role::Audit, works]
}

/// The link of an organisation below another one, or nothing where it is the instance's first.
async fn way(app: &App, code: &str) -> Result<Option<Invited>, Error> {
    if let Some(invited) = below::invited(&mut *app.db.read().await?, code).await? {
        return Ok(Some(invited));
    }
    app.set_up.check(code)?;
    Ok(None)
}

async fn page(ctx: Ctx, Asked(q): Asked<Code>) -> Result<Response, Error> {
    let invited = below::invited(&mut *ctx.app.db.read().await?, &q.code).await?;
    if invited.is_none() && is_set_up(&ctx.app).await? {
        return Ok(ctx.go("/sign-in"));
    }
    let way = way(&ctx.app, &q.code).await?;
    let (kind, kinds) = match &way {
        Some(invited) => (invited.kind()?, &[][..]),
        None => (Kind::from_word(&q.kind).unwrap_or(Kind::Enterprise), Kind::ALL),
    };
    ctx.show(key::SETUP_TITLE, &(), |page| SetUpPage {
        page,
        code: q.code,
        kind,
        kinds,
        region: way.map(|w| w.region).unwrap_or_default(),
        catalog: &ctx.app.catalog,
    })
}

/// What the set-up form asks for; the four lists run in the order of [`first`].
#[derive(Deserialize)]
pub(crate) struct SetUp {
    #[serde(default)]
    pub(crate) code: String,
    #[serde(flatten)]
    pub(crate) organisation: Organisation,
    pub(crate) account: Vec<String>,
    pub(crate) person: Vec<String>,
    pub(crate) password: Vec<String>,
}

/// An organisation as it introduces itself.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Organisation {
    #[serde(default = "enterprise")]
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Unified social credit code, GB 32100; a regulator may leave it empty.
    #[serde(default)]
    pub(crate) credit_code: String,
    /// Code of a region of the catalogue; empty for the nation and for a group.
    #[serde(default)]
    pub(crate) region: String,
    /// GB/T 4754 division; empty for what is no enterprise.
    #[serde(default)]
    pub(crate) industry: String,
    /// Id of a revenue band of the catalogue; empty for what is no enterprise.
    #[serde(default)]
    pub(crate) revenue_band: String,
}

const fn enterprise() -> Kind {
    Kind::Enterprise
}

impl Organisation {
    fn check(&self, catalog: &Catalog) -> Result<Self, Error> {
        let code = match self.credit_code.trim() {
            "" if self.kind.supervises() => String::new(),
            code => credit_code(code)
                .map_err(|e| Error::Invalid("credit_code", e.message()))?
                .as_str()
                .to_owned(),
        };
        let known = |field, found: bool| {
            if found { Ok(()) } else { Err(Error::invalid(field, key::SERVER_FIELD_CHOICE)) }
        };
        let name = line("name", &self.name, 100)?;
        if matches!(self.kind, Kind::Nation | Kind::Group) {
            let (kind, credit_code) = (self.kind, code);
            let [region, industry, revenue_band] = <[String; 3]>::default();
            return Ok(Self { kind, name, credit_code, region, industry, revenue_band });
        }
        known("region", catalog.regions.iter().any(|r| r.code == self.region))?;
        if self.kind.supervises() {
            let (kind, credit_code, region) = (self.kind, code, self.region.clone());
            let [industry, revenue_band] = <[String; 2]>::default();
            return Ok(Self { kind, name, credit_code, region, industry, revenue_band });
        }
        known("industry", catalog.industries.iter().any(|i| i.code == self.industry))?;
        known("revenue_band", catalog.revenue.bands.iter().any(|b| b.id == self.revenue_band))?;
        Ok(Self {
            kind: self.kind,
            name,
            credit_code: code,
            region: self.region.clone(),
            industry: self.industry.clone(),
            revenue_band: self.revenue_band.clone(),
        })
    }
}

async fn save(ctx: Ctx, Input(form): Input<SetUp>) -> Result<Response, Error> {
    let way = way(&ctx.app, &form.code).await?;
    set_up(&ctx.app, &form, way.as_ref()).await?;
    Ok(ctx.done(&json!({}), "/sign-in", key::SETUP_DONE))
}

/// Creates the organisation and its first people, in one change; gives its id.
pub(crate) async fn set_up(
    app: &App,
    form: &SetUp,
    below: Option<&Invited>,
) -> Result<String, Error> {
    let organisation = form.organisation.check(&app.catalog)?;
    if let Some(by) = below {
        if organisation.kind != by.kind()? {
            return Err(Error::invalid("kind", key::SERVER_FIELD_CHOICE));
        }
        let placed = !matches!(organisation.kind, Kind::Group);
        if placed && !by.region.is_empty() && organisation.region != by.region {
            return Err(Error::invalid("region", key::ROSTER_ELSEWHERE));
        }
    }
    let roles = first(organisation.kind);
    if [form.account.len(), form.person.len(), form.password.len()] != [roles.len(); 3] {
        return Err(Error::invalid("account", key::SERVER_FIELD_EMPTY));
    }
    let mut founders = Vec::new();
    for (at, role) in roles.iter().enumerate() {
        let account = people::account(&form.account[at])?;
        let name = line("person", &form.person[at], 60)?;
        password::check(&form.password[at], &account, &name)?;
        let hash = password::hash(&form.password[at]).await?;
        founders.push(people::NewPerson {
            account,
            name,
            roles: vec![*role],
            hash,
            must_change: false,
        });
    }
    let id = new_id();
    let mut change = app.db.change(&Actor::system(&id)).await?;
    if below.is_none() {
        only(&mut change).await?;
    }
    insert(&mut change, &id, &organisation).await?;
    for person in founders {
        people::insert(&mut change, person).await?;
    }
    if let Some(by) = below {
        below::claim(&mut change, by).await?;
        below::enter(app, &mut change, by, &id, &organisation).await?;
    }
    change.commit().await?;
    Ok(id)
}

/// Two browsers may send the form at once; the second finds an organisation.
async fn only(change: &mut Change) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO setting (organisation, name, value) VALUES ('instance', 'set-up', 'true')",
    )
    .execute(&mut **change)
    .await
    .map_err(|_| Error::conflict(key::SETUP_ALREADY))?;
    Ok(())
}

async fn insert(change: &mut Change, id: &str, o: &Organisation) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO organisation (id, name, credit_code, region, industry, revenue_band, created, \
         kind) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id)
    .bind(&o.name)
    .bind(&o.credit_code)
    .bind(&o.region)
    .bind(&o.industry)
    .bind(&o.revenue_band)
    .bind(clock::now())
    .bind(o.kind.word())
    .execute(&mut **change)
    .await
    .map_err(|e| match &e {
        sqlx::Error::Database(why) if why.is_unique_violation() => {
            Error::invalid("credit_code", key::BELOW_THERE)
        }
        _ => e.into(),
    })?;
    change.note("organisation.create", format!("organisation/{id}"), json!(o));
    Ok(())
}

/// Code of the region an organisation belongs to; empty for the nation and for a group.
pub(crate) async fn region(
    c: &mut sqlx::AnyConnection,
    organisation: &str,
) -> Result<String, Error> {
    let (region,): (String,) = sqlx::query_as("SELECT region FROM organisation WHERE id = $1")
        .bind(organisation)
        .fetch_one(c)
        .await?;
    Ok(region)
}

/// The enterprise with a credit code that works in this instance, where there is one.
pub(crate) async fn hosted(
    c: &mut sqlx::AnyConnection,
    credit_code: &str,
) -> Result<Option<String>, Error> {
    let found: Option<(String,)> = sqlx::query_as(
        "SELECT id FROM organisation WHERE credit_code = $1 AND kind = 'enterprise'",
    )
    .bind(credit_code)
    .fetch_optional(c)
    .await?;
    Ok(found.map(|f| f.0))
}
