//! XCLIENT and XFORWARD: facts about a client that a trusted proxy passes on.

use alloc::{boxed::Box, string::String};
use core::mem;

use super::{
    event::Event,
    info::Login,
    phase::Step,
    question::Question,
    replies::{Reply, Turn},
    session::{Next, Server},
    ticket::{self, StaleTicket, Ticket},
};
use crate::types::{ClientAttribute, ClientInfo, Keyword, Xclient, Xforward};

/// The reply to a client that is not a trusted proxy.
const NOT_ALLOWED: &str = "550 5.7.0 insufficient authorization";

/// The reply to an attribute that is not offered.
const NOT_TAKEN: &str = "501 5.5.4 attribute is not offered";

/// Facts that a proxy passed on.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// By XCLIENT: the client of this session.
    client: ClientInfo<'static>,
    /// By XFORWARD: the origin of the next message, or of the open transaction.
    origin: ClientInfo<'static>,
    /// A transaction has begun since.
    is_used: bool,
}

impl Server {
    /// The attributes of the client that a proxy passed on by XCLIENT. Empty without XCLIENT.
    ///
    /// An attribute stays until a later XCLIENT replaces it. LOGIN is only a claim: see [`identity`](Self::identity).
    #[must_use]
    pub fn xclient(&self) -> &ClientInfo<'static> {
        self.session
            .passed
            .as_deref()
            .map_or(ClientInfo::EMPTY, |passed| &passed.client)
    }

    /// The origin of the next message, or of the open transaction, that a content filter passed on by XFORWARD. Empty without
    /// XFORWARD.
    ///
    /// For logs only: the client of this session is still the filter. An attribute that is missing is unknown. The end
    /// of the transaction, RSET and EHLO clear all attributes.
    #[must_use]
    pub fn xforward(&self) -> &ClientInfo<'static> {
        match &self.session.passed {
            Some(passed) if !passed.is_used || self.phase.has_transaction() => &passed.origin,
            _ => ClientInfo::EMPTY,
        }
    }

    /// Accepts XCLIENT and authenticates the client with this identity, which need not be the LOGIN of the command.
    ///
    /// [`accept`](Self::accept) ignores the LOGIN: the client is not authenticated, except if an earlier XCLIENT
    /// granted a login and this one has no LOGIN.
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn accept_xclient(
        &mut self,
        ticket: Ticket<ticket::Xclient>,
        identity: String,
    ) -> Result<(), StaleTicket> {
        let (question, turn) = self.replies.take(&ticket)?;
        if let Question::Xclient(info) = question {
            self.change_client(turn, &info, Some(identity));
        }
        Ok(())
    }

    /// Handles an in-sequence XCLIENT.
    pub(super) fn ask_xclient<'i>(&mut self, command: Xclient<'i>) -> Next<'i> {
        if !self.offers(Keyword::Xclient) {
            return self.refuse(NOT_ALLOWED);
        }
        let offered = self.extensions().xclient();
        if !command.info().attributes().is_subset(offered) {
            return self.refuse(NOT_TAKEN);
        }
        let info = Box::new(command.info().clone().into_owned());
        Next::Event(Event::Xclient {
            info: command.into_info(),
            ticket: self.replies.ask(Question::Xclient(info), self.clock.now),
        })
    }

    /// Handles an in-sequence XFORWARD.
    pub(super) fn ask_xforward<'i>(&mut self, command: Xforward<'i>) -> Next<'i> {
        if !self.offers(Keyword::Xforward) {
            return self.refuse(NOT_ALLOWED);
        }
        let offered = self.extensions().xforward();
        if !command.info().attributes().is_subset(offered) {
            return self.refuse(NOT_TAKEN);
        }
        let info = Box::new(command.info().clone().into_owned());
        Next::Event(Event::Xforward {
            info: command.into_info(),
            ticket: self.replies.ask(Question::Xforward(info), self.clock.now),
        })
    }

    /// Begins the session again with the client that the proxy named. The greeting is the reply to XCLIENT.
    pub(super) fn change_client(&mut self, turn: Turn, info: &ClientInfo<'_>, identity: Option<String>) {
        self.replies.answer(turn, &Reply::Ready(&[]));
        let client = self.xclient().clone().updated(info);
        let mut session = mem::take(&mut self.session);
        // The login of the proxy is not that of its client. One that was granted to this client stays.
        let granted = session
            .login
            .take()
            .filter(|login| login.mechanism.is_none() && info.get(ClientAttribute::Login).is_none());
        self.session = session.of_client(Passed {
            client,
            ..Passed::default()
        });
        self.session.login = identity.map(Login::granted).or(granted);
        self.replies.enhanced = self.extensions().has(Keyword::EnhancedStatusCodes);
        self.advance(Step::Xclient);
    }

    /// Keeps the origin of the next message.
    pub(super) fn keep_origin(&mut self, info: &ClientInfo<'_>) {
        let origin = self.xforward().clone().updated(info);
        let passed = self.session.passed.get_or_insert_default();
        (passed.origin, passed.is_used) = (origin, false);
    }

    /// Notes that a transaction begins, because an origin is valid for one transaction only.
    pub(super) fn use_origin(&mut self) {
        if let Some(passed) = &mut self.session.passed
            && mem::replace(&mut passed.is_used, true)
        {
            passed.origin = ClientInfo::default();
        }
    }

    /// Forgets the origin of a message.
    pub(super) fn forget_origin(&mut self) {
        if let Some(passed) = &mut self.session.passed {
            passed.origin = ClientInfo::default();
        }
    }
}
