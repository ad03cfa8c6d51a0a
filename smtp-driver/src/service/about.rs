//! The facts of a session for a service, and the requests of a service to its session.

use std::{
    any::Any,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use smtp_proto::{
    TlsInfo,
    sasl::{Context, Mechanism},
    server::{Server, Shutdown},
    trace::Received,
    types::{ClientInfo, ClientName, Extension, Host, Keyword},
};

use crate::{Peer, Proxied, session::Ends};

/// The facts of a session at the time of a question: peer, EHLO name, TLS, identity. Clones are cheap: for the trace fields,
/// keep one in the state of the transaction.
#[derive(Clone, Debug)]
pub struct About(Arc<Facts>);

#[derive(Debug)]
struct Facts {
    ends: Arc<Ends>,
    /// On the heap, because few sessions come from a proxy.
    passed: Option<Box<Passed>>,
    hello: Option<ClientName<'static>>,
    /// On the heap, because most sessions are in plaintext.
    tls: Option<Box<TlsInfo>>,
    /// On the heap, because few sessions with incoming mail have a login.
    login: Option<Box<(String, Option<Mechanism>)>>,
    protocol_name: &'static str,
    plus_offered: bool,
    handle: SessionHandle,
}

/// The facts that a proxy passed on.
#[derive(Debug)]
struct Passed {
    xclient: ClientInfo<'static>,
    xforward: ClientInfo<'static>,
}

impl Passed {
    fn by(server: &Server) -> Option<Box<Self>> {
        let (xclient, xforward) = (server.xclient(), server.xforward());
        let is_any = !xclient.is_empty() || !xforward.is_empty();
        is_any.then(|| {
            Box::new(Self {
                xclient: xclient.clone(),
                xforward: xforward.clone(),
            })
        })
    }
}

impl About {
    pub(super) fn new(ends: Arc<Ends>, handle: SessionHandle, server: &Server) -> Self {
        Self(Arc::new(Facts {
            ends,
            passed: Passed::by(server),
            hello: server.hello().map(|(_, name)| name.clone()),
            tls: server.tls().cloned().map(Box::new),
            login: server
                .identity()
                .map(|identity| Box::new((identity.to_owned(), server.mechanism()))),
            protocol_name: server.protocol_name(),
            plus_offered: server.sasl_context().plus_offered,
            handle,
        }))
    }

    /// Returns the current facts.
    pub(super) fn renewed(&self, server: &Server) -> Self {
        Self::new(Arc::clone(&self.0.ends), self.handle().clone(), server)
    }

    /// The address of the client. It is the address of an accepted [XCLIENT](Self::xclient) (port 0 if XCLIENT had no port),
    /// or else the address in a [PROXY header](crate::ServeOptions::expect_proxy), or else the peer of the socket.
    #[must_use]
    pub fn peer(&self) -> Peer {
        match self.xclient().addr() {
            Some(address) => SocketAddr::new(address, self.xclient().port().unwrap_or_default()).into(),
            None => self.0.ends.peer,
        }
    }

    /// The address of the client without regard to XCLIENT. Use it to decide if the session offers XCLIENT.
    #[must_use]
    pub fn connected_peer(&self) -> Peer {
        self.0.ends.peer
    }

    /// The facts about the client that a proxy passed by XCLIENT: [`Server::xclient`]. Empty without XCLIENT.
    #[must_use]
    pub fn xclient(&self) -> &ClientInfo<'static> {
        self.0
            .passed
            .as_deref()
            .map_or(ClientInfo::EMPTY, |passed| &passed.xclient)
    }

    /// The origin of the current or next message, passed by XFORWARD: [`Server::xforward`]. Empty without XFORWARD. Use it
    /// only for logs.
    #[must_use]
    pub fn xforward(&self) -> &ClientInfo<'static> {
        self.0
            .passed
            .as_deref()
            .map_or(ClientInfo::EMPTY, |passed| &passed.xforward)
    }

    /// The proxy that the client connected through. Returns `None` unless the listener expects a proxy.
    #[must_use]
    pub fn proxied(&self) -> Option<&Proxied> {
        self.0.ends.proxied.as_deref()
    }

    /// The address that the client connected to: from XCLIENT, the PROXY header, or the socket.
    #[must_use]
    pub fn local(&self) -> Peer {
        match self.xclient().dest_addr() {
            Some(address) => SocketAddr::new(address, self.xclient().dest_port().unwrap_or_default()).into(),
            None => self.0.ends.local,
        }
    }

    /// The name in the last accepted EHLO, HELO or LHLO, which is a claim of the client. Returns `None` before the first.
    #[must_use]
    pub fn hello(&self) -> Option<&ClientName<'static>> {
        self.0.hello.as_ref()
    }

    /// The parameters of the TLS session. Returns `None` in plaintext.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.0.tls.as_deref()
    }

    /// The identity that [`Service::auth`](super::Service::auth) or [`Service::xclient`](super::Service::xclient) accepted.
    /// Returns `None` if the client is not authenticated.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        self.0.login.as_deref().map(|(identity, _)| identity.as_str())
    }

    /// The mechanism of the successful AUTH exchange. Returns `None` if there was none, and after a login by XCLIENT.
    #[must_use]
    pub fn mechanism(&self) -> Option<Mechanism> {
        self.0.login.as_deref().and_then(|(_, mechanism)| *mechanism)
    }

    /// The protocol name for the `Received` field (RFC 3848, RFC 6531), such as `ESMTPSA`: [`Server::protocol_name`].
    #[must_use]
    pub fn protocol_name(&self) -> &'static str {
        self.0.protocol_name
    }

    /// Builds the `Received` field for a message of this session. `by` is the name of the server, and `unix_time` the number
    /// of seconds since the beginning of 1970. Use the facts that [`Service::mail`](super::Service::mail) got, and add the
    /// recipient if there is only one. Returns `None` before EHLO. The address of a client on a Unix socket is 127.0.0.1.
    #[must_use]
    pub fn received<'a>(&'a self, by: &'a Host<'static>, unix_time: u64) -> Option<Received<'a>> {
        const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let peer = self.peer().ip().map_or(LOCAL, |peer| peer.to_canonical());
        let received = Received::new(self.hello()?, peer, by, self.protocol_name(), unix_time);
        Some(match self.tls() {
            Some(info) => received.with_tls(info),
            None => received,
        })
    }

    /// The state that the service keeps for this session: one value of each type, created by `default` at the first call. It
    /// lives as long as the session and all clones of its facts.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// use smtp_driver::{About, proto::types::Rejection};
    ///
    /// #[derive(Default)]
    /// struct Messages(AtomicU32);
    ///
    /// fn may_send_another(about: &About) -> Result<(), Rejection> {
    ///     let earlier = about.state::<Messages>().0.fetch_add(1, Ordering::Relaxed);
    ///     if earlier < 10 { Ok(()) } else { Err(Rejection::POLICY) }
    /// }
    /// ```
    #[must_use]
    pub fn state<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let find = |state: &State| {
            let values = &state.lists.as_deref()?.values;
            values.iter().find_map(|value| Arc::clone(value).downcast().ok())
        };
        let requests = &self.0.handle;
        if let Some(value) = find(&requests.state()) {
            return value;
        }
        // Outside the lock, because `default` may call this function, too.
        let value = Arc::<T>::default();
        let mut state = requests.state();
        find(&state).unwrap_or_else(|| {
            let any = Arc::clone(&value) as Arc<dyn Any + Send + Sync>;
            state.lists.get_or_insert_default().values.push(any);
            value
        })
    }

    /// The facts of this session for the server side of an AUTH mechanism: [`Server::sasl_context`].
    #[must_use]
    pub fn sasl_context(&self) -> Context<'_> {
        let mut context = Context::default();
        let info = self.tls();
        context.channel_binding =
            info.and_then(|info| info.channel_binding.as_ref().map(<[u8; 32]>::as_slice));
        context.plus_offered = self.0.plus_offered;
        context
    }

    /// The handle for requests to the session.
    #[must_use]
    pub fn handle(&self) -> &SessionHandle {
        &self.0.handle
    }
}

/// A handle for requests to a session, from a function of the service or from elsewhere: changing the offered extensions, or
/// ending the session.
///
/// A request made in a function of the service takes effect before its answer. After the end of the session, requests have no
/// effect.
#[derive(Clone, Default)]
pub struct SessionHandle(Arc<Requests>);

#[derive(Default)]
struct Requests {
    /// True if there are requests. Read without the lock.
    any: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waker: Option<Waker>,
    /// On the heap, because most services need neither.
    lists: Option<Box<Lists>>,
}

#[derive(Default)]
struct Lists {
    requests: Vec<Request>,
    /// The values of [`About::state`], of different types.
    values: Vec<Arc<dyn Any + Send + Sync>>,
}

enum Request {
    Offer(Extension<'static>),
    Withdraw(Keyword),
    TrustOriginators,
    Shutdown(Shutdown),
}

impl SessionHandle {
    /// Offers an extension in this session, or changes its parameter. The server obeys the change at once; the client learns
    /// of it in the next reply to EHLO, so call this in [`Service::hello`](super::Service::hello).
    pub fn offer(&self, extension: Extension<'static>) {
        self.request(Request::Offer(extension));
    }

    /// Stops offering an extension in this session.
    pub fn withdraw(&self, keyword: Keyword) {
        self.request(Request::Withdraw(keyword));
    }

    /// Trusts the AUTH parameter of MAIL from now on: [`Server::trust_originators`].
    pub fn trust_originators(&self) {
        self.request(Request::TrustOriginators);
    }

    /// Ends the session with 421: [`Server::shutdown`].
    pub fn shutdown(&self, how: Shutdown) {
        self.request(Request::Shutdown(how));
    }

    fn request(&self, request: Request) {
        let mut state = self.state();
        state.lists.get_or_insert_default().requests.push(request);
        self.0.any.store(true, Ordering::Release);
        let waker = state.waker.take();
        // Outside the lock: a waker may run its task at once.
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Passes the requests to the machine. Returns true if there were requests. Sets `must_end` if a request ends the session
    /// at once.
    #[inline]
    pub(super) fn apply(&self, server: &mut Server, must_end: &mut bool) -> bool {
        let any = self.0.any.load(Ordering::Acquire);
        if any {
            self.apply_all(server, must_end);
        }
        any
    }

    #[cold]
    fn apply_all(&self, server: &mut Server, must_end: &mut bool) {
        let mut state = self.state();
        let lists = state.lists.as_deref_mut();
        let requests = lists
            .map(|lists| std::mem::take(&mut lists.requests))
            .unwrap_or_default();
        self.0.any.store(false, Ordering::Release);
        drop(state);
        for request in requests {
            match request {
                Request::Offer(extension) => server.extensions_mut().add(extension),
                Request::Withdraw(keyword) => server.extensions_mut().remove(keyword),
                Request::TrustOriginators => server.trust_originators(),
                Request::Shutdown(how) => {
                    *must_end |= how == Shutdown::Now;
                    server.shutdown(how);
                }
            }
        }
    }

    /// Wakes this task at the next request. Returns false if there is a request already.
    pub(super) fn watch(&self, waker: &Waker) -> bool {
        let mut state = self.state();
        match &mut state.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        let lists = state.lists.as_deref();
        lists.is_none_or(|lists| lists.requests.is_empty())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle").finish_non_exhaustive()
    }
}
