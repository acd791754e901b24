//! `hangtu serve`: the web program.

use crate::{Ending, failure::Failure};
use clap::ArgMatches;
use hangtu_catalog::{Arg, Language, key, text};
use hangtu_drill::simulate::Program;
use hangtu_server::{Config, ServeError, Server, TlsError, TlsFault};
use std::{net::SocketAddr, path::PathBuf};

fn config(m: &ArgMatches) -> Config {
    let data = m.get_one::<PathBuf>("data").cloned().unwrap_or_else(|| "hangtu-data".into());
    let mut config = Config::new(data);
    if let Some(listen) = m.get_one::<SocketAddr>("listen") {
        config.listen = *listen;
    }
    config.database_url = m.get_one::<String>("database-url").cloned();
    config.public_url =
        m.get_one::<String>("public-url").map(|u| u.trim_end_matches('/').to_owned());
    config.behind_proxy = m.get_flag("behind-proxy");
    let path = |name| m.get_one::<PathBuf>(name).cloned();
    config.tls = path("tls-certificate").zip(path("tls-key"));
    config.drill_folders =
        m.get_many::<PathBuf>("drill-folder").into_iter().flatten().cloned().collect();
    config.drill_worker = Some(Program {
        path: "/proc/self/exe".into(),
        arguments: vec![crate::drill::WORKER.into()],
    });
    #[cfg(feature = "history")]
    {
        config.history = m.get_one::<String>("history").cloned();
    }
    config.signature = m.get_one::<String>("signature").and_then(|name| name.parse().ok());
    config.folders = m.get_many::<PathBuf>("folder").into_iter().flatten().cloned().collect();
    config
}

fn failure(error: ServeError) -> Failure {
    match error {
        ServeError::Data(path, e) => Failure::write(std::path::Path::new(&path), &e),
        ServeError::Listen(address, e) => {
            Failure::new(key::CLI_SERVE_LISTEN, Some(key::CLI_SERVE_LISTEN_REMEDY))
                .with("address", address)
                .because(&e)
        }
        ServeError::Tls(TlsError::Read(path, e)) => Failure::read(&path, &e),
        ServeError::Tls(TlsError::Bad(path, fault)) => {
            let (what, remedy) = match fault {
                TlsFault::Certificate => (key::CLI_SERVE_NO_CERTIFICATE, key::CLI_SERVE_PEM),
                TlsFault::Key => (key::CLI_SERVE_NO_KEY, key::CLI_SERVE_PEM),
                TlsFault::Mismatch => (key::CLI_SERVE_MISMATCH, key::CLI_SERVE_MISMATCH_REMEDY),
            };
            Failure::new(what, Some(remedy)).with("path", path.display())
        }
        ServeError::Database(why) => {
            Failure::new(key::CLI_SERVE_DATABASE, Some(key::CLI_SERVE_DATABASE_REMEDY))
                .with("why", why)
        }
        ServeError::Signature(algorithm) => {
            Failure::new(key::CLI_SERVE_SIGNS, Some(key::CLI_SERVE_SIGNS_REMEDY))
                .with("algorithm", algorithm)
        }
        ServeError::NoDemo => {
            Failure::new(key::CLI_SERVE_NO_DEMO, Some(key::CLI_SERVE_NO_DEMO_REMEDY))
        }
        #[cfg(feature = "history")]
        ServeError::History(why) => {
            Failure::new(key::CLI_HISTORY_BAD, Some(key::CLI_HISTORY_BAD_REMEDY)).with("why", why)
        }
        ServeError::Content(e) => e.into(),
    }
}

pub(crate) fn run(language: Language, m: &ArgMatches) -> Result<Ending, Failure> {
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("HANGTU_LOG")
                .unwrap_or_else(|_| "warn,hangtu_server=info".into()),
        )
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::read(std::path::Path::new("-"), &e))?;
    runtime.block_on(async {
        let server = Server::start(config(m)).await.map_err(failure)?;
        let address = server.url().unwrap_or_default();
        if m.get_flag("demo")
            && let Some((accounts, password)) = server.demo().await.map_err(failure)?
        {
            let accounts = accounts.join(", ");
            let args = [("accounts", accounts.as_str()), ("password", &password)];
            say(language, key::CLI_SERVE_DEMO_PEOPLE, &args);
        }
        say(language, key::CLI_SERVE_LISTENS, &[("address", &address)]);
        if let Some(link) = server.set_up_link().await {
            say(language, key::CLI_SERVE_SET_UP, &[("link", &link)]);
        }
        server.serve(stopped()).await.map_err(failure)
    })?;
    Ok(Ending::Done)
}

#[allow(clippy::print_stdout, reason = "the program's own words to whoever started it")]
fn say(language: Language, key: key::Key, args: &[(&str, &str)]) {
    let args: Vec<_> = args.iter().map(|(name, value)| (*name, Arg::Text(value))).collect();
    println!("{}", text(language, key, &args));
}

/// Waits for Ctrl-C or the service manager's request to stop.
async fn stopped() {
    use tokio::signal::{ctrl_c, unix};
    let Ok(mut terminate) = unix::signal(unix::SignalKind::terminate()) else {
        let _ = ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
