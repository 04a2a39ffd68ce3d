//! Why a message did not travel.

use std::io;

use crate::dmp::protocol::key::KeyError;

/// How far the request had gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// No byte of the request was given to the network.
    Before,
    /// A part of it was.
    While,
    /// All of it was.
    After,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stage::Before => "before the request was sent",
            Stage::While => "while the request was being sent",
            Stage::After => "after the request was sent",
        })
    }
}

/// Why a message did not travel, or its answer did not come back whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The address is not one this transport calls: `https`, a host, no user in it.
    #[error("url: an https address with a host is expected")]
    Url,
    /// A header or content type of the request cannot be written, or is one the transport writes itself.
    #[error("headers: a name or value cannot be sent")]
    Header,
    /// The server's name is unknown to the resolver, or it did not answer.
    #[error("the server's name cannot be resolved")]
    NameNotResolved,
    /// No route to the server.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The server's machine refuses the connection.
    #[error("the server refuses the connection")]
    Refused,
    /// No connection (name, TCP, proxy, TLS) within the time allowed.
    #[error("the connection was not established in time")]
    ConnectTimedOut,
    /// The request was not taken, or its answer not whole, within the time allowed.
    #[error("no complete answer in time, {stage}")]
    TimedOut {
        /// How far the request had gone.
        stage: Stage,
    },
    /// Stopped by [`super::Cancel`].
    #[error("cancelled {stage}")]
    Cancelled {
        /// How far the request had gone.
        stage: Stage,
    },
    /// The connection was cut.
    #[error("the connection was cut {stage}")]
    Cut {
        /// How far the request had gone.
        stage: Stage,
    },
    /// The server's certificate is not issued under a root of the configuration.
    #[error("tls: the server's certificate has an unknown issuer")]
    UnknownRoot,
    /// The server's certificate is past its end (or this machine's clock is ahead).
    #[error("tls: the server's certificate has expired")]
    CertificateExpired,
    /// The server's certificate is before its beginning (or this machine's clock is behind).
    #[error("tls: the server's certificate is not yet valid")]
    CertificateNotYetValid,
    /// The server's certificate is another host's.
    #[error("tls: the server's certificate is for another host")]
    WrongHost,
    /// The server's certificate is unfit in another way (form, use, signature).
    #[error("tls: the server's certificate is unfit")]
    CertificateUnfit,
    /// No version or cipher suite in common.
    #[error("tls: no protocol version or cipher suite in common")]
    NoCommonProtocol,
    /// The server refuses the client certificate.
    #[error("tls: the server refuses the client certificate")]
    ClientCertificateRefused {
        /// How far the request had gone: with TLS 1.3 the refusal comes after the request.
        stage: Stage,
    },
    /// The client's key could not be used.
    #[error("tls: client key: {0}")]
    Key(KeyError),
    /// The TLS exchange failed in another way.
    #[error("tls: the exchange failed {stage}")]
    Tls {
        /// How far the request had gone.
        stage: Stage,
    },
    /// The answer is not HTTP/1.x.
    #[error("http: the answer is malformed")]
    Malformed,
    /// The head of the answer exceeds `limits.headerBytes` or `limits.headers`.
    #[error("http: the head of the answer is too large")]
    HeaderTooLarge,
    /// The body of the answer exceeds `limits.bodyBytes`.
    #[error("http: the body of the answer is too large")]
    BodyTooLarge,
    /// The body ended, properly closed, before the announced length.
    #[error("http: the body is shorter than announced")]
    WrongLength,
    /// A success whose content is not of an expected type.
    #[error("http: the answer has an unexpected content type")]
    UnexpectedContentType,
    /// A redirect; never followed.
    #[error("http: redirected (status {status})")]
    Redirect {
        /// The HTTP status.
        status: u16,
    },
    /// A failure without a message of an expected type.
    #[error("http: status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The proxy cannot be reached, refuses, or does not answer HTTP.
    #[error("proxy: no connection through it")]
    ProxyFailed {
        /// Its HTTP status, when it answered.
        status: Option<u16>,
    },
    /// The proxy wants a user and password, or refuses those given.
    #[error("proxy: authentication required")]
    ProxyAuthentication,
    /// The host's transport failed without saying why.
    #[error("the host's transport failed")]
    Host {
        /// Whether the request may have reached the server.
        sent: bool,
    },
    /// The machine lacks resources (threads, sockets).
    #[error("the machine lacks the resources for a connection")]
    Resources,
}

impl NetworkError {
    /// Whether the request may have reached the server: true unless nothing of it left. A deposit for which this is
    /// true is not made again before asking whether the document is there.
    pub fn sent(&self) -> bool {
        match self {
            NetworkError::Url
            | NetworkError::Header
            | NetworkError::NameNotResolved
            | NetworkError::Unreachable
            | NetworkError::Refused
            | NetworkError::ConnectTimedOut
            | NetworkError::UnknownRoot
            | NetworkError::CertificateExpired
            | NetworkError::CertificateNotYetValid
            | NetworkError::WrongHost
            | NetworkError::CertificateUnfit
            | NetworkError::NoCommonProtocol
            | NetworkError::Key(_)
            | NetworkError::ProxyFailed { .. }
            | NetworkError::ProxyAuthentication
            | NetworkError::Resources => false,
            NetworkError::TimedOut { stage }
            | NetworkError::Cancelled { stage }
            | NetworkError::Cut { stage }
            | NetworkError::ClientCertificateRefused { stage }
            | NetworkError::Tls { stage } => *stage != Stage::Before,
            NetworkError::Host { sent } => *sent,
            NetworkError::Malformed
            | NetworkError::HeaderTooLarge
            | NetworkError::BodyTooLarge
            | NetworkError::WrongLength
            | NetworkError::UnexpectedContentType
            | NetworkError::Redirect { .. }
            | NetworkError::Status { .. } => true,
        }
    }

    /// Whether the same call can succeed later without anyone changing anything. It says nothing of
    /// [`NetworkError::sent`].
    pub fn retry(&self) -> bool {
        match self {
            NetworkError::NameNotResolved
            | NetworkError::Unreachable
            | NetworkError::Refused
            | NetworkError::ConnectTimedOut
            | NetworkError::TimedOut { .. }
            | NetworkError::Cut { .. }
            | NetworkError::WrongLength
            | NetworkError::Host { .. }
            | NetworkError::Resources => true,
            NetworkError::Status { status } => matches!(status, 408 | 429 | 500 | 502..=504),
            NetworkError::ProxyFailed { status } => {
                status.is_none_or(|status| matches!(status, 429 | 500 | 502..=504))
            }
            _ => false,
        }
    }

    /// What a person reads: what happened, what to do next.
    pub fn french(&self) -> String {
        let (what, next) = self.parts();
        let doubt = if self.sent() {
            " La demande a pu parvenir au serveur : vérifiez dans le DMP avant de la refaire."
        } else {
            ""
        };
        match self {
            NetworkError::Key(key) => key.french(),
            _ => format!("{what} {next}{doubt}"),
        }
    }

    fn parts(&self) -> (&'static str, &'static str) {
        const LATER: &str = "Recommencez dans quelques minutes.";
        const INTERNET: &str = "Vérifiez la connexion à internet, puis recommencez.";
        const VENDOR: &str = "Contactez l'éditeur du logiciel.";
        const ADMIN: &str = "Contactez la personne qui gère le réseau ou l'éditeur du logiciel.";
        match self {
            NetworkError::Url => (
                "L'adresse du DMP n'est pas valable dans la configuration.",
                VENDOR,
            ),
            NetworkError::Header => ("La demande ne peut pas être écrite.", VENDOR),
            NetworkError::NameNotResolved => ("L'adresse du DMP est introuvable.", INTERNET),
            NetworkError::Unreachable => ("Le DMP est injoignable.", INTERNET),
            NetworkError::Refused => ("Le serveur du DMP refuse la connexion.", LATER),
            NetworkError::ConnectTimedOut => {
                ("La connexion au DMP n'a pas abouti à temps.", INTERNET)
            }
            NetworkError::TimedOut { .. } => ("Le DMP n'a pas répondu à temps.", LATER),
            NetworkError::Cancelled { .. } => (
                "L'action a été interrompue.",
                "Recommencez si elle est toujours utile.",
            ),
            NetworkError::Cut { .. } => ("La connexion au DMP a été coupée.", INTERNET),
            NetworkError::UnknownRoot => (
                "Le serveur joint ne prouve pas qu'il est le DMP : son certificat vient d'une autorité inconnue.",
                ADMIN,
            ),
            NetworkError::CertificateExpired => (
                "Le certificat du serveur du DMP est périmé à la date de ce poste.",
                "Vérifiez la date et l'heure du poste ; si elles sont justes, recommencez plus tard.",
            ),
            NetworkError::CertificateNotYetValid => (
                "Le certificat du serveur du DMP n'est pas encore valable à la date de ce poste.",
                "Vérifiez la date et l'heure du poste, puis recommencez.",
            ),
            NetworkError::WrongHost => ("Le serveur joint n'est pas celui du DMP.", ADMIN),
            NetworkError::CertificateUnfit => {
                ("Le certificat du serveur joint ne convient pas.", ADMIN)
            }
            NetworkError::NoCommonProtocol | NetworkError::Tls { .. } => (
                "La connexion sécurisée avec le DMP n'a pas pu s'établir.",
                ADMIN,
            ),
            NetworkError::ClientCertificateRefused { .. } => (
                "Le DMP refuse le certificat présenté.",
                "Vérifiez que la carte ou le certificat de la structure est en cours de validité et prévu pour cette plateforme.",
            ),
            NetworkError::Malformed
            | NetworkError::HeaderTooLarge
            | NetworkError::UnexpectedContentType => (
                "La réponse reçue n'est pas celle du DMP.",
                "Si un portail ou un antivirus filtre le réseau, faites-le vérifier ; sinon recommencez plus tard.",
            ),
            NetworkError::BodyTooLarge => ("La réponse du DMP dépasse la taille permise.", VENDOR),
            NetworkError::WrongLength => ("La réponse du DMP est incomplète.", LATER),
            NetworkError::Redirect { .. } => (
                "Le serveur renvoie vers une autre adresse, ce qui n'est pas suivi.",
                "Vérifiez qu'aucun portail ne demande une identification sur le réseau, puis contactez l'éditeur du logiciel.",
            ),
            NetworkError::Status { status } if *status >= 500 => {
                ("Le DMP est en panne ou en maintenance.", LATER)
            }
            NetworkError::Status { .. } => ("Le serveur du DMP refuse la demande.", VENDOR),
            NetworkError::ProxyFailed { .. } => (
                "Le serveur mandataire (proxy) ne laisse pas passer la connexion.",
                ADMIN,
            ),
            NetworkError::ProxyAuthentication => (
                "Le serveur mandataire (proxy) demande un identifiant et un mot de passe.",
                "Complétez ou corrigez-les dans la configuration du logiciel.",
            ),
            NetworkError::Host { .. } => (
                "Le logiciel n'a pas pu joindre le DMP.",
                "Recommencez, ou contactez son éditeur.",
            ),
            NetworkError::Resources => (
                "Ce poste n'a plus les ressources pour ouvrir une connexion.",
                "Fermez des applications, puis recommencez.",
            ),
            // Its own sentences are in KeyError.
            NetworkError::Key(_) => ("La clé ne peut pas être utilisée.", ""),
        }
    }

    /// As an error of a stream. [`NetworkError::from_io`] is the way back.
    pub fn into_io(self) -> io::Error {
        let kind = match &self {
            NetworkError::TimedOut { .. } | NetworkError::ConnectTimedOut => {
                io::ErrorKind::TimedOut
            }
            NetworkError::Cut { .. } | NetworkError::WrongLength => io::ErrorKind::UnexpectedEof,
            // Never Interrupted: readers of the standard library would try again for ever.
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, self)
    }

    /// The network error inside an error of a stream, if it is one.
    pub fn from_io(error: &io::Error) -> Option<&NetworkError> {
        error.get_ref()?.downcast_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<NetworkError> {
        let stages = [Stage::Before, Stage::While, Stage::After];
        let mut all = vec![
            NetworkError::Url,
            NetworkError::Header,
            NetworkError::NameNotResolved,
            NetworkError::Unreachable,
            NetworkError::Refused,
            NetworkError::ConnectTimedOut,
            NetworkError::UnknownRoot,
            NetworkError::CertificateExpired,
            NetworkError::CertificateNotYetValid,
            NetworkError::WrongHost,
            NetworkError::CertificateUnfit,
            NetworkError::NoCommonProtocol,
            NetworkError::Key(KeyError::NoCard),
            NetworkError::Malformed,
            NetworkError::HeaderTooLarge,
            NetworkError::BodyTooLarge,
            NetworkError::WrongLength,
            NetworkError::UnexpectedContentType,
            NetworkError::Redirect { status: 302 },
            NetworkError::Status { status: 404 },
            NetworkError::Status { status: 503 },
            NetworkError::ProxyFailed { status: None },
            NetworkError::ProxyAuthentication,
            NetworkError::Host { sent: true },
            NetworkError::Resources,
        ];
        for stage in stages {
            all.push(NetworkError::TimedOut { stage });
            all.push(NetworkError::Cancelled { stage });
            all.push(NetworkError::Cut { stage });
            all.push(NetworkError::ClientCertificateRefused { stage });
            all.push(NetworkError::Tls { stage });
        }
        all
    }

    #[test]
    fn every_error_reads_well_in_both_languages() {
        for error in all() {
            let english = error.to_string();
            assert!(english.starts_with(char::is_lowercase) && !english.contains('\n'));
            let french = error.french();
            assert!(french.starts_with(char::is_uppercase) && french.ends_with('.'));
            // Two sentences at least: what happened, what to do.
            assert!(french.matches(['.', ':']).count() >= 2, "{french}");
            assert_eq!(french.contains("a pu parvenir"), error.sent(), "{french}");
        }
    }

    #[test]
    fn an_error_crosses_a_stream_unchanged() {
        for error in all() {
            let io = error.clone().into_io();
            assert_ne!(io.kind(), io::ErrorKind::Interrupted);
            assert_eq!(NetworkError::from_io(&io), Some(&error));
        }
        assert_eq!(NetworkError::from_io(&io::Error::other("else")), None);
    }
}
