//! The context of a request: who asks, in which language, as a page or as data; and the answers.

use crate::{
    App,
    auth::{Right, Who, session},
    db::Actor,
    error::{Error, Problem},
    serve::Peer,
    ui::Page,
};
use askama::Template;
use axum::{
    Json,
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hangtu_catalog::{Language, key::Key, text};
use serde::Serialize;
use serde_json::json;
use std::{borrow::Cow, sync::Arc, time::Duration};

/// Where programs ask.
const API: &str = "/api/";

/// Where courses made elsewhere stand: below it nobody is signed in, whatever a request brings.
pub(crate) const FOREIGN: &str = "/cmi5/";

/// The record store of programs: refusals are data, never a page.
const XAPI: &str = "/xapi/";

/// A request's context; cheap to clone.
#[derive(Clone)]
pub(crate) struct Ctx {
    pub(crate) app: App,
    pub(crate) language: Language,
    /// Below `/api`: JSON, never a page.
    pub(crate) data: bool,
    /// The page's own script sent the form and will follow a location given as JSON.
    enhanced: bool,
    pub(crate) who: Option<Arc<Who>>,
    /// Path and query as asked for.
    pub(crate) path: String,
    /// The peer's address, through a trusted proxy.
    pub(crate) address: String,
    pub(crate) agent: String,
    /// A message from the step before.
    pub(crate) flash: Option<Key>,
    origin: Origin,
}

/// What the browser says of where a request comes from.
#[derive(Clone, Debug)]
enum Origin {
    /// No cookie was sent: nothing can be forged.
    NoCookie,
    /// The same site, or typed by the person.
    Same,
    /// Another site, or it does not say.
    Other,
}

/// Finds out who asks; renders problems as a page or as JSON.
pub(crate) async fn identify(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let ctx = match Ctx::of(app, &parts).await {
        Ok(ctx) => ctx,
        Err(e) => return e.into_response(),
    };
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(ctx.clone());
    let response = next.run(request).await;
    let problem = response.extensions().get::<Problem>().cloned().or_else(|| {
        // What the framework refuses by itself: a body that does not parse, a method not there.
        let status = response.status();
        let plain = status.is_client_error()
            && response
                .headers()
                .get(header::CONTENT_TYPE)
                .is_none_or(|t| t.as_bytes().starts_with(b"text/plain"));
        plain.then(|| Problem::plain(status))
    });
    match problem {
        Some(problem) => {
            let mut response = ctx.refuse(&problem);
            if let Some(seconds) = problem.retry {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
        None => response,
    }
}

impl Problem {
    fn plain(status: StatusCode) -> Self {
        use hangtu_catalog::{Bilingual, key};
        let key = match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => key::SERVER_NOT_FOUND,
            StatusCode::PAYLOAD_TOO_LARGE => key::SERVER_TOO_LARGE,
            _ => key::SERVER_UNREADABLE,
        };
        Self { status, text: Bilingual::message(key, &[]), field: None, retry: None }
    }
}

pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(n, value)| (n == name).then_some(value))
}

fn word<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

impl Origin {
    /// Browsers say `Sec-Fetch-Site` on every request, older ones `Origin` on every post.
    fn of(headers: &HeaderMap) -> Self {
        // A page of another site cannot send this header unasked, and nobody answers its question.
        if headers.contains_key(header::AUTHORIZATION) {
            return Self::NoCookie;
        }
        if cookie(headers, session::COOKIE).is_none() {
            // Not even a sign-in may be sent from elsewhere: one would work as somebody else.
            let elsewhere = word(headers, "sec-fetch-site").is_some_and(|s| s == "cross-site");
            return if elsewhere { Self::Other } else { Self::NoCookie };
        }
        match (word(headers, "sec-fetch-site"), word(headers, "origin"), word(headers, "host")) {
            (Some("same-origin" | "none"), _, _) => Self::Same,
            (Some(_), _, _) => Self::Other,
            (None, Some(origin), Some(host)) => {
                let from = origin.split_once("://").map_or("", |(_, host)| host);
                if from == host { Self::Same } else { Self::Other }
            }
            _ => Self::Other,
        }
    }
}

/// The token of a header: as a bearer, or as the password of basic authentication, which is what
/// learning systems know.
fn bearer(header: &str) -> Option<Cow<'_, str>> {
    if let Some(token) = header.strip_prefix("Bearer ") {
        return Some(token.into());
    }
    let pair = STANDARD.decode(header.strip_prefix("Basic ")?.trim()).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    Some(pair.split_once(':')?.1.to_owned().into())
}

impl Ctx {
    async fn of(app: App, request: &Parts) -> Result<Self, Error> {
        let headers = &request.headers;
        let path = request.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
        let peer = request.extensions.get::<ConnectInfo<Peer>>().map(|c| c.0.0.ip());
        let address = match (peer, word(headers, "x-forwarded-for")) {
            // Only a proxy on this machine is believed, and only its own word: the last one.
            (Some(ip), Some(list)) if ip.is_loopback() && app.config.behind_proxy => {
                list.rsplit(',').next().unwrap_or_default().trim().to_owned()
            }
            (Some(ip), _) => ip.to_string(),
            (None, _) => String::new(),
        };
        let foreign = path.starts_with(FOREIGN);
        let who = if foreign {
            None
        } else if let Some(token) = word(headers, "authorization").and_then(bearer) {
            let token = token.as_ref();
            let names = [format!("token {address}")];
            app.throttle.admit(&names)?;
            let who = session::by_token(&app, token).await?;
            if who.is_none() {
                app.throttle.failed(&names[0]);
            }
            Some(who.ok_or(Error::SignedOut)?)
        } else if let Some(value) = cookie(headers, session::COOKIE) {
            session::by_cookie(&app, value).await?
        } else {
            None
        };
        let asked = cookie(headers, "hangtu_language").and_then(Language::from_tag);
        let language = asked
            .or_else(|| who.as_ref().and_then(|w| Language::from_tag(&w.language)))
            .or_else(|| {
                word(headers, "accept-language")
                    .and_then(|list| list.split(',').find_map(|tag| Language::from_tag(tag.trim())))
            })
            .unwrap_or(Language::Chinese);
        Ok(Self {
            language,
            data: path.starts_with(API) || path.starts_with(XAPI),
            enhanced: headers.contains_key("x-hangtu-form"),
            who: who.map(Arc::new),
            address,
            agent: word(headers, "user-agent").unwrap_or_default().chars().take(200).collect(),
            flash: cookie(headers, "hangtu_flash").and_then(Key::find),
            origin: if foreign { Origin::NoCookie } else { Origin::of(headers) },
            path,
            app,
        })
    }

    /// Who is signed in.
    pub(crate) fn signed(&self) -> Result<&Who, Error> {
        self.who.as_deref().ok_or(Error::SignedOut)
    }

    /// Whether they hold the right.
    pub(crate) fn may(&self, right: Right) -> Result<(), Error> {
        if self.signed()?.rights.has(right) { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// The organisation whose rows may be seen.
    pub(crate) fn organisation(&self) -> Result<&str, Error> {
        Ok(&self.signed()?.organisation)
    }

    /// Who changes something, for [`Db::change`](crate::db::Db::change).
    pub(crate) fn actor(&self) -> Result<Actor, Error> {
        let who = self.signed()?;
        Ok(Actor {
            organisation: who.organisation.clone(),
            id: who.person.clone(),
            name: who.name.clone(),
        })
    }

    /// A forged request from another site carries the cookie, but not the site's own name.
    pub(crate) fn same_origin(&self, method: &Method) -> Result<(), Error> {
        match self.origin {
            Origin::Other if !matches!(*method, Method::GET | Method::HEAD) => {
                Err(Error::Forbidden)
            }
            _ => Ok(()),
        }
    }

    /// Who is signed in themselves: what concerns proofs and roles is not for API tokens.
    pub(crate) fn in_person(&self) -> Result<&Who, Error> {
        self.signed().and_then(|who| who.session.as_ref().map(|_| who).ok_or(Error::Forbidden))
    }

    /// What a cookie's attributes end with.
    pub(crate) fn secure(&self) -> &'static str {
        if self.app.config.secure() { "; Secure" } else { "" }
    }

    /// A text in the reader's language.
    pub(crate) fn t(&self, key: Key) -> String {
        text(self.language, key, &[])
    }

    /// Shows something: JSON below `/api`, else a page.
    pub(crate) fn show<D: Serialize, T: Template>(
        &self,
        title: Key,
        data: &D,
        page: impl FnOnce(Page) -> T,
    ) -> Result<Response, Error> {
        self.show_titled(self.t(title), data, page)
    }

    /// The same with a title that is not a message.
    pub(crate) fn show_titled<D: Serialize, T: Template>(
        &self,
        title: String,
        data: &D,
        page: impl FnOnce(Page) -> T,
    ) -> Result<Response, Error> {
        if self.data {
            return Ok(Json(data).into_response());
        }
        let html = page(Page::new(self, title)).render().map_err(Error::internal)?;
        let mut response = Html(html).into_response();
        if self.flash.is_some() {
            set_cookie(response.headers_mut(), "hangtu_flash=; Path=/; Max-Age=0; SameSite=Lax");
        }
        Ok(response)
    }

    /// Something was done: JSON below `/api`, else on to the next page with a word about it.
    pub(crate) fn done<D: Serialize>(&self, data: &D, next: &str, said: Key) -> Response {
        if self.data {
            return Json(data).into_response();
        }
        let mut response = self.go(next);
        let flash = format!("hangtu_flash={}; Path=/; Max-Age=60; SameSite=Lax", said.name());
        set_cookie(response.headers_mut(), &flash);
        response
    }

    /// How old a page of others' numbers may be: a second for who looks, nothing for who has just
    /// changed something, or for a program.
    pub(crate) fn patience(&self) -> Duration {
        let exact = self.data || self.flash.is_some();
        if exact { Duration::ZERO } else { Duration::from_secs(1) }
    }

    /// Whether a program or the page's own script reads the answer.
    pub(crate) fn scripted(&self) -> bool {
        self.data || self.enhanced
    }

    /// Something was saved without leaving the page: JSON for programs and the page's own script.
    pub(crate) fn kept<D: Serialize>(&self, data: &D, next: &str, said: Key) -> Response {
        if self.enhanced { Json(data).into_response() } else { self.done(data, next, said) }
    }

    /// On to another page.
    pub(crate) fn go(&self, next: &str) -> Response {
        if self.enhanced {
            return Json(json!({ "location": next })).into_response();
        }
        let location = HeaderValue::from_str(next).unwrap_or(HeaderValue::from_static("/"));
        (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
    }

    fn refuse(&self, problem: &Problem) -> Response {
        let detail = problem.text.get(self.language);
        if self.data || self.enhanced {
            let body = json!({
                "type": "about:blank",
                "title": problem.status.canonical_reason().unwrap_or_default(),
                "status": problem.status.as_u16(),
                "detail": detail,
                "field": problem.field,
            });
            let media = [(header::CONTENT_TYPE, "application/problem+json")];
            return (problem.status, media, body.to_string()).into_response();
        }
        if problem.status == StatusCode::UNAUTHORIZED {
            let next: String =
                self.path.bytes().map(|b| format!("%{b:02X}")).collect::<Vec<_>>().concat();
            return self.go(&format!("/sign-in?next={next}"));
        }
        let page = crate::ui::ProblemPage {
            page: Page::new(self, detail.to_owned()),
            status: problem.status.as_u16(),
        };
        (problem.status, Html(page.render().unwrap_or_default())).into_response()
    }
}

/// Adds a cookie.
pub(crate) fn set_cookie(headers: &mut HeaderMap, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        headers.append(header::SET_COOKIE, value);
    }
}

impl<S: Sync> FromRequestParts<S> for Ctx {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::internal("no context"))
    }
}
