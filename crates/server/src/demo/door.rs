//! The demonstration's people use the program as everybody does: through its routes.

use crate::{App, error::Error};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use serde_json::Value;
use tower::ServiceExt as _;

/// The longest answer that is read.
const LONGEST: usize = 4 << 20;

/// Somebody who is signed in.
pub(super) struct Person {
    router: Router,
    cookie: String,
}

impl Person {
    /// Signs in with a password.
    pub(super) async fn sign_in(app: &App, account: &str, password: &str) -> Result<Self, Error> {
        let router = crate::serve::router(app);
        let form = Request::post("/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("account={account}&password={password}")))
            .map_err(Error::internal)?;
        let answer = router.clone().oneshot(form).await.map_err(Error::internal)?;
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let pairs = cookies.filter_map(|c| c.to_str().ok()?.split(';').next());
        let cookie = pairs.collect::<Vec<_>>().join("; ");
        if cookie.is_empty() {
            return Err(Error::internal(format!("{account}: {}", answer.status())));
        }
        Ok(Self { router, cookie })
    }

    /// What the API answers to a question.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Error> {
        self.ask(Method::GET, path, Vec::new()).await
    }

    /// What the API answers to a change.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.ask(Method::POST, path, serde_json::to_vec(body).map_err(Error::internal)?).await
    }

    /// Sends a file and gives its id as evidence.
    pub(super) async fn send(&self, name: &str, bytes: &[u8]) -> Result<Value, Error> {
        let begin = serde_json::json!({ "name": name, "bytes": bytes.len() });
        let begun = self.post("/evidence/uploads", &begin).await?;
        let upload = format!("/evidence/uploads/{}", begun["id"].as_str().unwrap_or_default());
        self.ask(Method::PATCH, &format!("{upload}?offset=0"), bytes.to_vec()).await?;
        let finished = self.post(&format!("{upload}/finish"), &serde_json::json!({})).await?;
        Ok(finished["id"].clone())
    }

    async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Value, Error> {
        let json = method == Method::POST;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::COOKIE, &self.cookie)
            .header("sec-fetch-site", "same-origin");
        if json {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Body::from(body)).map_err(Error::internal)?;
        let answer = self.router.clone().oneshot(request).await.map_err(Error::internal)?;
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), LONGEST).await.map_err(Error::internal)?;
        if !status.is_success() {
            let said = String::from_utf8_lossy(&bytes);
            return Err(Error::internal(format!("{path}: {status} {said}")));
        }
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }
}
