//! Talking to a provider: only to it, in limited time, believing limited answers.

use super::Provider;
use crate::{App, error::Error, outward};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, TokenResponse,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm as Algorithm,
        CoreProviderMetadata,
    },
    url::Url,
};
use std::time::Duration;

/// What a provider says of itself, with its keys.
pub(super) type Metadata = CoreProviderMetadata;

/// The whole of one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer; key sets are a few kilobytes.
const LIMIT: u64 = 1 << 20;
/// Signatures with a public key: a shared secret proves nothing that the client could not write.
const SIGNATURES: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// Why a provider's answer was not taken; for the log and for who administers it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the issuer is no address with https (http only on this machine)")]
    Issuer,
    #[error("{0} is not at the issuer")]
    Elsewhere(String),
    #[error("{0}")]
    Request(#[from] ureq::Error),
    #[error("{0}")]
    Answer(String),
}

/// An answer that does not hold, told with its causes.
fn answer(error: &dyn std::error::Error) -> Failure {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        told = format!("{told}: {why}");
        cause = why.source();
    }
    Failure::Answer(told.chars().take(300).collect())
}

/// An issuer that may be asked.
pub(super) fn issuer(text: &str) -> Result<Url, Failure> {
    outward::address(text).ok_or(Failure::Issuer)
}

/// Sends requests to the issuer's own scheme, host and port, and follows no redirect.
fn http(
    issuer: &str,
) -> Result<impl Fn(HttpRequest) -> Result<HttpResponse, Failure> + use<>, Failure> {
    let home = self::issuer(issuer)?.origin();
    let agent = outward::agent(PATIENCE);
    Ok(move |request: HttpRequest| {
        let to = request.uri().to_string();
        if Url::parse(&to).map(|url| url.origin()).ok() != Some(home.clone()) {
            return Err(Failure::Elsewhere(to));
        }
        let (parts, body) = agent.run(request)?.into_parts();
        let body = body.into_with_config().limit(LIMIT).read_to_vec()?;
        Ok(HttpResponse::from_parts(parts, body))
    })
}

/// Where providers send people back to.
pub(super) fn redirect(app: &App) -> String {
    let config = &app.config;
    let base = config.url(config.listen);
    format!("{base}/sign-in/sso")
}

/// Runs what waits for the network apart from requests.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<Result<T, Failure>, Error> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

/// Asks a provider about itself.
pub(super) async fn discover(issuer: &str) -> Result<Result<Metadata, Failure>, Error> {
    let issuer = issuer.to_owned();
    apart(move || {
        let http = http(&issuer)?;
        let url = IssuerUrl::new(issuer).map_err(|_| Failure::Issuer)?;
        Metadata::discover(&url, &http).map_err(|e| answer(&e))
    })
    .await
}

/// What a browser is sent to a provider with, and what is kept here until it comes back.
pub(super) struct Asked {
    pub(super) url: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// The address that asks a provider who somebody is.
pub(super) fn ask(
    app: &App,
    provider: &Provider,
    metadata: Metadata,
) -> Result<Result<Asked, Failure>, Error> {
    let redirect = RedirectUrl::new(redirect(app)).map_err(Error::internal)?;
    // People are sent where their provider is, and nowhere else.
    let at = metadata.authorization_endpoint().url().clone();
    if issuer(&provider.issuer).map(|url| url.origin()).ok() != Some(at.origin()) {
        return Ok(Err(Failure::Elsewhere(at.to_string())));
    }
    let client =
        CoreClient::from_provider_metadata(metadata, ClientId::new(provider.client.clone()), None)
            .set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .set_pkce_challenge(challenge)
        .url();
    Ok(Ok(Asked {
        url: url.into(),
        state: state.secret().clone(),
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
    }))
}

/// Changes a code for the subject that the provider vouches for.
pub(super) async fn redeem(
    app: &App,
    provider: &Provider,
    code: String,
    (nonce, verifier): (String, String),
) -> Result<Result<String, Failure>, Error> {
    let redirect = RedirectUrl::new(redirect(app)).map_err(Error::internal)?;
    let secret = provider.secret(app)?.map(ClientSecret::new);
    let (issuer, id) = (provider.issuer.clone(), ClientId::new(provider.client.clone()));
    apart(move || {
        let http = http(&issuer)?;
        let url = IssuerUrl::new(issuer).map_err(|_| Failure::Issuer)?;
        // The keys of now: a provider may have changed them since the sign-in began.
        let metadata = Metadata::discover(&url, &http).map_err(|e| answer(&e))?;
        let client =
            CoreClient::from_provider_metadata(metadata, id, secret).set_redirect_uri(redirect);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|e| answer(&e))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request(&http)
            .map_err(|e| answer(&e))?;
        let token = tokens.id_token();
        let token = token.ok_or_else(|| Failure::Answer("no ID token".to_owned()))?;
        let judge = client.id_token_verifier().set_allowed_algs(SIGNATURES);
        let claims = token.claims(&judge, &Nonce::new(nonce)).map_err(|e| answer(&e))?;
        Ok(claims.subject().as_str().to_owned())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_sent_by_https_or_on_this_machine() {
        for good in ["https://idp.plant.example/realm", "https://10.0.0.5", "http://127.0.0.1:1"] {
            assert!(issuer(good).is_ok(), "{good}");
        }
        for bad in ["http://10.0.0.5", "https://u:p@idp.example", "file:///etc", "https://a/?b", ""]
        {
            assert!(issuer(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nobody_but_the_issuer_is_asked() {
        let http = http("http://127.0.0.1:9").unwrap();
        let mut request = HttpRequest::new(Vec::new());
        *request.uri_mut() = "http://127.0.0.1:10/keys".parse().unwrap();
        assert!(matches!(http(request), Err(Failure::Elsewhere(_))));
    }
}
