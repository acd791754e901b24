//! TLS without a proxy: handshakes beside each other, certificates that change while it serves.

use std::{
    fs, io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
    server::TlsStream,
};

/// How long a browser may take to agree.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many may be agreeing at once; others wait in the system's queue.
const AGREEING: usize = 256;
/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// The largest file that is read: a chain of certificates is a few kilobytes.
const LARGEST: u64 = 1 << 20;

/// What is wrong with a certificate or its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The file holds no PEM certificate.
    Certificate,
    /// The file holds no PEM key that can be used.
    Key,
    /// The key is not that of the first certificate.
    Mismatch,
}

/// Why TLS cannot be spoken: which file, and what about it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{0}: {1}")]
    Read(PathBuf, io::Error),
    /// A file does not hold what it should.
    #[error("{0}: {1:?}")]
    Bad(PathBuf, TlsFault),
}

/// The certificate that is shown now.
#[derive(Debug)]
struct Shown {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Both files as they are.
fn read(certificate: &PathBuf, key: &PathBuf) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
    let file = |path: &PathBuf| {
        let large = || io::Error::from(io::ErrorKind::FileTooLarge);
        let length = fs::metadata(path).map_err(|e| TlsError::Read(path.clone(), e))?.len();
        if length > LARGEST {
            return Err(TlsError::Read(path.clone(), large()));
        }
        fs::read(path).map_err(|e| TlsError::Read(path.clone(), e))
    };
    Ok((file(certificate)?, file(key)?))
}

impl Shown {
    fn load(&self, bytes: &(Vec<u8>, Vec<u8>), by: &CryptoProvider) -> Result<(), TlsError> {
        let new = certified(&self.certificate, &self.key, bytes, by)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(())
    }
}

fn certified(
    certificate: &PathBuf,
    key: &PathBuf,
    bytes: &(Vec<u8>, Vec<u8>),
    by: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let bad = |path: &PathBuf, fault| TlsError::Bad(path.clone(), fault);
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes.0)
        .collect::<Result<_, _>>()
        .map_err(|_| bad(certificate, TlsFault::Certificate))?;
    if chain.is_empty() {
        return Err(bad(certificate, TlsFault::Certificate));
    }
    let secret = PrivateKeyDer::from_pem_slice(&bytes.1).map_err(|_| bad(key, TlsFault::Key))?;
    let secret = by.key_provider.load_private_key(secret).map_err(|_| bad(key, TlsFault::Key))?;
    let pair = CertifiedKey::new(chain, secret);
    pair.keys_match().map_err(|_| bad(key, TlsFault::Mismatch))?;
    Ok(pair)
}

/// Certificate and key that hold, not yet listening.
pub(crate) struct Tls {
    shown: Arc<Shown>,
    read: (Vec<u8>, Vec<u8>),
    provider: Arc<CryptoProvider>,
}

impl Tls {
    /// Reads the files, which must hold at the start.
    pub(crate) fn open(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let read = read(&certificate, &key)?;
        let current = certified(&certificate, &key, &read, &provider)?;
        let current = RwLock::new(Arc::new(current));
        Ok(Self { shown: Arc::new(Shown { certificate, key, current }), read, provider })
    }

    /// Takes over a listener.
    pub(crate) fn over(self, listener: TcpListener) -> io::Result<TlsListener> {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(self.shown.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let address = listener.local_addr()?;
        let (send, ready) = mpsc::channel(AGREEING);
        tokio::spawn(watch(self, send.clone()));
        tokio::spawn(agree(listener, TlsAcceptor::from(Arc::new(config)), send));
        Ok(TlsListener { ready, address })
    }
}

/// Takes connections whose handshake is done.
pub(crate) struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

type Ready = mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>;

/// Lets browsers agree beside each other, so that a slow one holds up nobody.
async fn agree(listener: TcpListener, acceptor: TlsAcceptor, ready: Ready) {
    let room = Arc::new(Semaphore::new(AGREEING));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ready.closed() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                // Out of file descriptors, say: others end meanwhile.
                tracing::warn!("accept: {e}");
                sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => drop(ready.send((stream, peer)).await),
                Ok(Err(e)) => tracing::debug!("TLS with {peer}: {e}"),
                Err(_) => tracing::debug!("TLS with {peer}: too slow"),
            }
            drop(place);
        });
    }
}

/// Takes over files that changed and hold; keeps the old ones otherwise, and says so once.
async fn watch(mut tls: Tls, ready: Ready) {
    let shown = tls.shown.clone();
    loop {
        tokio::select! {
            () = sleep(LOOK) => {}
            () = ready.closed() => return,
        }
        // A file that is missing for a moment is being replaced.
        let Ok(bytes) = read(&shown.certificate, &shown.key) else { continue };
        if bytes == tls.read {
            continue;
        }
        match shown.load(&bytes, &tls.provider) {
            Ok(()) => tracing::info!("new certificate from {}", shown.certificate.display()),
            Err(e) => tracing::error!("the old certificate stays: {e}"),
        }
        tls.read = bytes;
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            // The task that accepts ended with the program.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
