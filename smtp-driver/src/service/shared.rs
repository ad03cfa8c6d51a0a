//! A service that several listeners share.

use std::sync::Arc;

use smtp_proto::{
    sasl::AuthOutcome,
    server::{AuthFailure, Closed, Member, Reset},
    types::{
        Argument, ClientInfo, ClientName, Etrn, EtrnAnswer, Mail, Query, Rcpt, Rejection, UnknownCommand,
    },
};

use super::{About, Accept, AuthAttempt, HelpAnswer, Service, VrfyAnswer};
use crate::Bytes;

/// A service that several listeners share: each gets a clone.
impl<S: Service> Service for Arc<S> {
    type Mail = S::Mail;

    fn connect(&self, about: &About) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        S::connect(self, about)
    }

    fn hello(
        &self,
        about: &About,
        name: &ClientName<'static>,
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        S::hello(self, about, name)
    }

    fn auth(
        &self,
        about: &About,
        attempt: &mut AuthAttempt,
    ) -> impl Future<Output = Result<AuthOutcome, Rejection>> + Send {
        S::auth(self, about, attempt)
    }

    fn auth_failed(&self, about: &About, why: AuthFailure) {
        S::auth_failed(self, about, why);
    }

    fn mail(
        &self,
        about: &About,
        mail: Mail<'static>,
    ) -> impl Future<Output = Result<Self::Mail, Rejection>> + Send {
        S::mail(self, about, mail)
    }

    fn recipient(
        &self,
        mail: &Self::Mail,
        rcpt: &Rcpt<'static>,
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        S::recipient(self, mail, rcpt)
    }

    fn begin(
        &self,
        mail: &mut Self::Mail,
        to: &[Rcpt<'static>],
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        S::begin(self, mail, to)
    }

    fn body(
        &self,
        mail: &mut Self::Mail,
        octets: Bytes,
    ) -> impl Future<Output = Result<(), Rejection>> + Send {
        S::body(self, mail, octets)
    }

    fn message(
        &self,
        mail: &mut Self::Mail,
        to: &[Rcpt<'static>],
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        S::message(self, mail, to)
    }

    fn verify(
        &self,
        about: &About,
        query: &Query<'static>,
    ) -> impl Future<Output = Result<VrfyAnswer, Rejection>> + Send {
        S::verify(self, about, query)
    }

    fn expand(
        &self,
        about: &About,
        query: &Query<'static>,
    ) -> impl Future<Output = Result<Vec<Member<'static>>, Rejection>> + Send {
        S::expand(self, about, query)
    }

    fn help(
        &self,
        about: &About,
        topic: Option<&Argument<'static>>,
    ) -> impl Future<Output = Result<HelpAnswer, Rejection>> + Send {
        S::help(self, about, topic)
    }

    fn xclient(
        &self,
        about: &About,
        info: &ClientInfo<'static>,
    ) -> impl Future<Output = Result<Option<String>, Rejection>> + Send {
        S::xclient(self, about, info)
    }

    fn xforward(
        &self,
        about: &About,
        info: &ClientInfo<'static>,
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        S::xforward(self, about, info)
    }

    fn etrn(
        &self,
        about: &About,
        etrn: &Etrn<'static>,
    ) -> impl Future<Output = Result<EtrnAnswer, Rejection>> + Send {
        S::etrn(self, about, etrn)
    }

    fn command(
        &self,
        about: &About,
        command: &UnknownCommand<'static>,
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        S::command(self, about, command)
    }

    fn reset(&self, mail: Self::Mail, why: Reset) {
        S::reset(self, mail, why);
    }

    fn closed(&self, about: &About, why: Closed) {
        S::closed(self, about, why);
    }
}
