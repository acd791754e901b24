//! The first hour: the organisation, its three separated administrators, its first officer.

use crate::{
    App,
    auth::{Role, new_id, password, random},
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
}

#[derive(Template)]
#[template(path = "admin/set_up.html")]
struct SetUpPage<'a> {
    page: Page,
    code: String,
    catalog: &'a Catalog,
}

/// The first people: their role and what the form calls them.
const FIRST: [Role; 4] = [Role::System, Role::Security, Role::Audit, Role::Officer];

async fn page(ctx: Ctx, Asked(q): Asked<Code>) -> Result<Response, Error> {
    if is_set_up(&ctx.app).await? {
        return Ok(ctx.go("/sign-in"));
    }
    ctx.app.set_up.check(&q.code)?;
    ctx.show(key::SETUP_TITLE, &(), |page| SetUpPage {
        page,
        code: q.code,
        catalog: &ctx.app.catalog,
    })
}

/// What the set-up form asks for; the four lists run in the order of [`FIRST`].
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

/// An enterprise as it introduces itself.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Organisation {
    pub(crate) name: String,
    /// Unified social credit code, GB 32100.
    pub(crate) credit_code: String,
    /// Code of a region of the catalogue.
    pub(crate) region: String,
    /// GB/T 4754 division.
    pub(crate) industry: String,
    /// Id of a revenue band of the catalogue.
    pub(crate) revenue_band: String,
}

impl Organisation {
    fn check(&self, catalog: &Catalog) -> Result<Self, Error> {
        let code = credit_code(self.credit_code.trim())
            .map_err(|e| Error::Invalid("credit_code", e.message()))?;
        let known = |field, found: bool| {
            if found { Ok(()) } else { Err(Error::invalid(field, key::SERVER_FIELD_CHOICE)) }
        };
        known("region", catalog.regions.iter().any(|r| r.code == self.region))?;
        known("industry", catalog.industries.iter().any(|i| i.code == self.industry))?;
        known("revenue_band", catalog.revenue.bands.iter().any(|b| b.id == self.revenue_band))?;
        Ok(Self {
            name: line("name", &self.name, 100)?,
            credit_code: code.as_str().to_owned(),
            region: self.region.clone(),
            industry: self.industry.clone(),
            revenue_band: self.revenue_band.clone(),
        })
    }
}

async fn save(ctx: Ctx, Input(form): Input<SetUp>) -> Result<Response, Error> {
    ctx.app.set_up.check(&form.code)?;
    set_up(&ctx.app, &form).await?;
    Ok(ctx.done(&json!({}), "/sign-in", key::SETUP_DONE))
}

/// Creates the organisation and its first people, in one change; gives its id.
pub(crate) async fn set_up(app: &App, form: &SetUp) -> Result<String, Error> {
    let organisation = form.organisation.check(&app.catalog)?;
    if [form.account.len(), form.person.len(), form.password.len()] != [FIRST.len(); 3] {
        return Err(Error::invalid("account", key::SERVER_FIELD_EMPTY));
    }
    let mut first = Vec::new();
    for (at, role) in FIRST.iter().enumerate() {
        let account = people::account(&form.account[at])?;
        let name = line("person", &form.person[at], 60)?;
        password::check(&form.password[at], &account, &name)?;
        let hash = password::hash(&form.password[at]).await?;
        first.push(people::NewPerson {
            account,
            name,
            roles: vec![*role],
            hash,
            must_change: false,
        });
    }
    let id = new_id();
    let mut change = app.db.change(&Actor::system(&id)).await?;
    only(&mut change).await?;
    insert(&mut change, &id, &organisation).await?;
    for person in first {
        people::insert(&mut change, person).await?;
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
        "INSERT INTO organisation (id, name, credit_code, region, industry, revenue_band, created) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(&o.name)
    .bind(&o.credit_code)
    .bind(&o.region)
    .bind(&o.industry)
    .bind(&o.revenue_band)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    change.note("organisation.create", format!("organisation/{id}"), json!(o));
    Ok(())
}
