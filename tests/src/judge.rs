//! The decisions on credentials of the server application in a story.

use smtp_proto::{
    sasl::{AuthOutcome, AuthRequest, CramMd5Server, Mechanism, Secret, ServerMechanism},
    types::Rejection,
};

use crate::{
    answer::{Answer, Question},
    security::{Security, User},
    settings::Settings,
};

/// The check of `AuthRequest`s by the rules and users of a story.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    /// The current exchange of several steps.
    exchange: Option<Box<dyn ServerMechanism>>,
}

impl Judge {
    /// Ends an exchange that had no answer.
    pub(crate) fn forget(&mut self) {
        self.exchange = None;
    }

    /// Returns the log line for credentials, without secrets, and the answer.
    pub(crate) fn judge(
        &mut self,
        settings: &Settings,
        mechanism: Mechanism,
        claim: &AuthRequest,
    ) -> (String, Answer) {
        let (subject, sight) = told(claim);
        let rule = settings
            .rules
            .iter()
            .find(|rule| rule.question == Question::Auth && subject.starts_with(&rule.about))
            .map(|rule| rule.answer.clone());
        let answer = match rule {
            Some(Answer::Accept(None)) => Answer::Judged(AuthOutcome::Accept(subject)),
            Some(Answer::Accept(Some(identity))) => {
                Answer::Judged(AuthOutcome::Accept(identity.as_str().to_owned()))
            }
            Some(answer) => answer,
            None => Answer::Judged(self.progress(&settings.security, mechanism, claim)),
        };
        (format!("auth {mechanism} {sight}").trim_end().to_owned(), answer)
    }

    fn progress(&mut self, security: &Security, mechanism: Mechanism, claim: &AuthRequest) -> AuthOutcome {
        let identity = match claim {
            AuthRequest::Password {
                user,
                password,
                authorization_id,
            } => security
                .users
                .iter()
                .find(|known| known.name == *user && password.matches(known.secret.as_bytes()))
                .and_then(|known| acts_as(known, authorization_id.as_deref())),
            AuthRequest::Bearer { user, token } => security
                .users
                .iter()
                .find(|known| token.matches(known.secret.as_bytes()))
                .and_then(|known| acts_as(known, user.as_deref())),
            AuthRequest::External {
                certificate,
                authorization_id,
            } => security
                .users
                .iter()
                .find(|known| known.name.as_bytes() == certificate)
                .and_then(|known| acts_as(known, authorization_id.as_deref())),
            AuthRequest::Anonymous { .. } => Some("anonymous".to_owned()),
            AuthRequest::Begin { .. } if mechanism == Mechanism::CRAM_MD5 => {
                return self.cram_md5(security, None);
            }
            AuthRequest::Step { response } if mechanism == Mechanism::CRAM_MD5 => {
                return self.cram_md5(security, Some(response));
            }
            other => panic!("no rule for {other:?}"),
        };
        identity.map_or(AuthOutcome::Reject, AuthOutcome::Accept)
    }

    fn cram_md5(&mut self, security: &Security, response: Option<&Secret>) -> AuthOutcome {
        let users = security.users.clone();
        let exchange = self.exchange.get_or_insert_with(|| {
            let password = move |name: &str| {
                let known = users.iter().find(|known| known.name == name)?;
                Some((known.name.clone(), Secret::from(known.secret.as_str())))
            };
            Box::new(CramMd5Server::new(security.challenge.as_str(), password).expect("a challenge"))
        });
        let progress = exchange.step(response.map_or(b"", Secret::expose));
        if !matches!(progress, AuthOutcome::Challenge(_)) {
            self.exchange = None;
        }
        progress
    }
}

/// Returns the identity that a user acts as, if this is permitted.
fn acts_as(known: &User, wanted: Option<&str>) -> Option<String> {
    let wanted = wanted.unwrap_or(&known.name);
    (wanted == known.name || known.may_be.iter().any(|other| other == wanted)).then(|| wanted.to_owned())
}

/// Returns the subject for the rules, and the log line.
fn told(claim: &AuthRequest) -> (String, String) {
    let acting = |authorization_id: &Option<String>| {
        authorization_id
            .as_ref()
            .map_or(String::new(), |name| format!(" as {name}"))
    };
    match claim {
        AuthRequest::Password {
            user,
            authorization_id,
            ..
        } => (user.clone(), format!("{user}{}", acting(authorization_id))),
        AuthRequest::Bearer { user, .. } => {
            let user = user.clone().unwrap_or_default();
            (user.clone(), user)
        }
        AuthRequest::External { authorization_id, .. } => (
            authorization_id.clone().unwrap_or_default(),
            acting(authorization_id).trim_start().to_owned(),
        ),
        AuthRequest::Anonymous { trace } => (trace.clone(), trace.clone()),
        AuthRequest::Begin { initial: None } => ("-".to_owned(), "-".to_owned()),
        AuthRequest::Begin {
            initial: Some(response),
        }
        | AuthRequest::Step { response } => {
            let subject = if response.is_empty() {
                "=".to_owned()
            } else {
                crate::escape(response.expose())
            };
            (subject, format!("{} octets", response.expose().len()))
        }
        other => panic!("what is this? {other:?}"),
    }
}

/// Passes the answer to a server: an outcome, or a rejection with a text; `None` drops the ticket.
pub(crate) fn verdict(answer: Answer) -> Option<Result<AuthOutcome, Rejection>> {
    match answer {
        Answer::Judged(progress) => Some(Ok(progress)),
        Answer::Reject(rejection) => Some(Err(rejection)),
        Answer::Silence => None,
        answer => panic!("{answer:?} does not fit a claim"),
    }
}
