//! Routes: each names who may use it and, when it is part of the API, what goes in and out.
//!
//! One handler serves people and programs: `/findings` answers with a page, `/api/v1/findings` with
//! JSON, and so the API covers what the pages can do. The list of routes feeds the OpenAPI document
//! and the test that enumerates them.

use crate::{App, auth::Right, ctx::Ctx, error::Error};
use axum::{
    Router,
    extract::Request,
    handler::Handler,
    http::Method,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use hangtu_catalog::key;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Who may use a route. There is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody who reaches the server.
    Open,
    /// Anybody signed in, about themselves only.
    Signed,
    /// Who holds the right, within their organisation.
    May(Right),
    /// Who holds one of the rights; the handler decides by the row.
    Any(&'static [Right]),
}

/// Makes the schema of a type.
type Schemer = fn(&mut SchemaGenerator) -> Schema;

/// What the API document says of a route.
#[derive(Clone, Debug)]
pub(crate) struct Doc {
    /// One sentence, in English.
    pub(crate) summary: &'static str,
    pub(crate) query: Option<Schemer>,
    pub(crate) body: Option<Schemer>,
    pub(crate) returns: Option<Schemer>,
    /// Media type of the body where it is not JSON.
    pub(crate) takes: &'static str,
    /// Media type of the answer where it is not JSON.
    pub(crate) gives: &'static str,
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Doc {
    /// A route of the API, told in one English sentence.
    pub(crate) const fn new(summary: &'static str) -> Self {
        let json = "application/json";
        Self { summary, query: None, body: None, returns: None, takes: json, gives: json }
    }

    /// The query's parameters are the fields of this struct.
    pub(crate) const fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(schema::<T>);
        self
    }

    /// The JSON body (or form) is this struct.
    pub(crate) const fn body<T: JsonSchema>(mut self) -> Self {
        self.body = Some(schema::<T>);
        self
    }

    /// The JSON answer is this struct.
    pub(crate) const fn returns<T: JsonSchema>(mut self) -> Self {
        self.returns = Some(schema::<T>);
        self
    }

    /// The body is bytes of this media type.
    pub(crate) const fn takes(mut self, media: &'static str) -> Self {
        self.takes = media;
        self
    }

    /// The answer is bytes of this media type.
    pub(crate) const fn gives(mut self, media: &'static str) -> Self {
        self.gives = media;
        self
    }
}

/// One route.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// Absent for routes that only make sense in a browser.
    pub(crate) doc: Option<Doc>,
}

/// The routes of the program while they are gathered.
#[derive(Default)]
pub(crate) struct Routes {
    pages: Router<App>,
    api: Router<App>,
    pub(crate) list: Vec<Route>,
}

impl Routes {
    /// A page for people only (a form, a sign-in step).
    pub(crate) fn page<T, H>(&mut self, path: &'static str, access: Access, handler: H)
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::GET, path, access, None, handler);
    }

    /// What a page's form sends where no program would.
    pub(crate) fn form<T, H>(&mut self, path: &'static str, access: Access, handler: H)
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::POST, path, access, None, handler);
    }

    /// Reading: a page, and JSON below `/api/v1`.
    pub(crate) fn get<T, H>(&mut self, path: &'static str, access: Access, doc: Doc, handler: H)
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::GET, path, access, Some(doc), handler);
    }

    /// Doing: from a form, and with JSON below `/api/v1`.
    pub(crate) fn post<T, H>(&mut self, path: &'static str, access: Access, doc: Doc, handler: H)
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::POST, path, access, Some(doc), handler);
    }

    /// Any other method.
    pub(crate) fn add<T, H>(
        &mut self,
        method: Method,
        path: &'static str,
        access: Access,
        doc: Option<Doc>,
        handler: H,
    ) where
        H: Handler<T, App>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("a standard method");
        let guard =
            move |ctx: Ctx, request: Request, next: Next| admit(access, path, ctx, request, next);
        let routed = on(filter, handler).layer(from_fn(guard));
        if doc.is_some() {
            self.api = std::mem::take(&mut self.api).route(path, routed.clone());
            if path == "/" {
                // Nesting gives `/api/v1` alone; the description's address ends with the slash.
                self.pages = std::mem::take(&mut self.pages).route("/api/v1/", routed.clone());
            }
        }
        self.pages = std::mem::take(&mut self.pages).route(path, routed);
        self.list.push(Route { method, path, access, doc });
    }

    /// The router, the API below its own prefix.
    pub(crate) fn router(self) -> Router<App> {
        self.pages.nest("/api/v1", self.api).fallback(|| async { Error::NotFound })
    }
}

/// Where somebody may go who has to choose a password of their own first.
const CHOOSE: &str = "/me/password";

async fn admit(access: Access, path: &str, ctx: Ctx, request: Request, next: Next) -> Response {
    let due = ctx.who.as_ref().is_some_and(|who| who.must_change_password);
    if due && access != Access::Open && ![CHOOSE, "/sign-out"].contains(&path) {
        let refused = Error::conflict(key::AUTH_PASSWORD_DUE).into_response();
        return if ctx.data { refused } else { ctx.go(CHOOSE) };
    }
    let allowed = match access {
        Access::Open => Ok(()),
        Access::Signed => ctx.signed().map(|_| ()),
        Access::May(right) => ctx.may(right),
        Access::Any(rights) => ctx.signed().and_then(|who| {
            rights.iter().any(|r| who.rights.has(*r)).then_some(()).ok_or(Error::Forbidden)
        }),
    };
    match allowed.and_then(|()| ctx.same_origin(request.method())) {
        Ok(()) => next.run(request).await,
        Err(e) => e.into_response(),
    }
}
