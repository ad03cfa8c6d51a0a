use std::sync::OnceLock;

use smtp_proto::{
    sasl::{
        AuthOutcome, AuthRequest, Context, CramMd5Server, Credentials, Mechanism, ScramKeys, ScramServer,
        Secret, ServerMechanism, prepare, scram_user,
    },
    types::Printable,
};

use super::Choices;

/// Input: responses to a server, or challenges to a client, with `|` between them. Property: an `AuthRequest` agrees with its
/// octets; a client authenticates only with the secret; a client rejects a server without the secret.
///
/// Choices: the side of the input, or a login with the input as name and password; the mechanism. `%` stands for the nonce of
/// the other side.
pub fn sasl(data: &[u8]) {
    let (mut choices, octets) = Choices::of(data);
    let said: Vec<&[u8]> = octets.split(|octet| *octet == b'|').collect();
    match choices.number() % 4 {
        0 => claim(choices.one(&CLAIMS), octets),
        1 => attack_server(choices.one(&STEPS), &said),
        2 => attack_client(choices.one(&PASSWORDS), &said),
        _ => log_in(choices.one(&PASSWORDS), &said),
    }
}

fn claim(mechanism: Mechanism, response: &[u8]) {
    let Ok(claim) = AuthRequest::parse(mechanism, response, Some(b"cert")) else {
        return;
    };
    let text = String::from_utf8_lossy(response);
    match claim {
        AuthRequest::Password {
            user,
            password,
            authorization_id,
        } => {
            let authorization_id = authorization_id.unwrap_or_default();
            let again = [
                authorization_id.as_bytes(),
                b"\0",
                user.as_bytes(),
                b"\0",
                password.expose(),
            ]
            .concat();
            // A request to act as oneself is no request.
            let own = [user.as_bytes(), b"\0", user.as_bytes(), b"\0", password.expose()].concat();
            assert!(again == response || own == response, "{text:?}");
            assert!(!user.is_empty() && !password.is_empty());
        }
        AuthRequest::Bearer { user, token } => {
            assert!(user.is_none_or(|user| !user.contains(|letter| !Printable::allows(letter))));
            let token = token.expose();
            assert!(
                !token.is_empty() && response.windows(token.len()).any(|octets| octets == token),
                "{text:?}"
            );
            assert!(token.iter().all(u8::is_ascii_graphic), "{text:?}");
        }
        AuthRequest::External {
            certificate,
            authorization_id,
        } => {
            assert_eq!(certificate, b"cert");
            assert_eq!(authorization_id.unwrap_or_default().as_bytes(), response);
        }
        AuthRequest::Anonymous { trace } => assert_eq!(trace.as_bytes(), response),
        other => panic!("what is this? {other:?}"),
    }
}

/// Plays a client without the password.
fn attack_server(mechanism: Mechanism, responses: &[&[u8]]) {
    let mut server = server(mechanism, "ann");
    let mut nonce = Vec::new();
    let mut refused = false;
    for response in responses {
        match server.step(&with_nonce(response, &nonce)) {
            AuthOutcome::Accept(who) => panic!("{who} is let in by {responses:?}"),
            AuthOutcome::Reject => refused = true,
            AuthOutcome::Challenge(challenge) => {
                assert!(!refused, "{mechanism} goes on behind a refusal");
                nonce = nonce_of(&challenge).to_vec();
            }
        }
    }
}

/// Plays a server without the password.
fn attack_client(mechanism: Mechanism, challenges: &[&[u8]]) {
    let credentials = Credentials::password("ann", SECRET);
    let mut client = credentials.start(mechanism, &context()).expect("it fits");
    let initial = client.initial_response();
    let nonce = initial
        .as_ref()
        .map(|initial| nonce_of(initial.expose()).to_vec())
        .unwrap_or_default();
    for challenge in challenges {
        let challenge = with_nonce(challenge, &nonce);
        // More iterations are only slow; their limit has tests of its own.
        if challenge.windows(3).any(|three| three == b"i=4") || !challenge.windows(2).any(|two| two == b"i=")
        {
            let _ = client.respond(&challenge);
        }
    }
    if mechanism == Mechanism::SCRAM_SHA_1
        || mechanism == Mechanism::SCRAM_SHA_256
        || mechanism == Mechanism::SCRAM_SHA_512
        || mechanism.binds_channel()
    {
        assert!(
            client.verify_success().is_err(),
            "{mechanism} believes {challenges:?}"
        );
    }
}

/// Two correct sides, except for the secret of the client.
fn log_in(mechanism: Mechanism, said: &[&[u8]]) {
    let [user, password] = [0, 1].map(|at| said.get(at).and_then(|octets| str::from_utf8(octets).ok()));
    let (user, password) = (user.unwrap_or_default(), password.unwrap_or_default());
    let Some(mut client) = Credentials::password(user, password).start(mechanism, &context()) else {
        return;
    };
    let initial = client.initial_response();
    let identity = if mechanism == Mechanism::PLAIN || mechanism == Mechanism::LOGIN {
        let claim = match initial {
            Some(initial) => AuthRequest::parse(mechanism, initial.expose(), None),
            None => {
                let name = client.respond(b"User Name").expect("a name");
                AuthRequest::login(name.expose(), client.respond(b"Password").expect("a password"))
            }
        };
        match claim.expect("our own client follows the grammar") {
            AuthRequest::Password {
                user,
                password,
                authorization_id: None,
            } => (user == "ann" && password.matches(SECRET.as_bytes())).then_some(user),
            other => panic!("what is this? {other:?}"),
        }
    } else {
        let mut response = initial.unwrap_or_else(|| Secret::from(""));
        let named = scram_user(response.expose()).unwrap_or_default();
        let mut server = server(mechanism, &named);
        loop {
            match server.step(response.expose()) {
                AuthOutcome::Accept(who) => break Some(who),
                AuthOutcome::Reject => break None,
                AuthOutcome::Challenge(challenge) => {
                    response = client
                        .respond(&challenge)
                        .expect("our own server follows the grammar");
                }
            }
        }
    };
    // Names and passwords with the same prepared form are equal in SCRAM (RFC 4013).
    let prepared = |text: &str| match mechanism {
        Mechanism::PLAIN | Mechanism::LOGIN | Mechanism::CRAM_MD5 => text.to_owned(),
        _ => prepare(text).map(|text| text.into_owned()).unwrap_or_default(),
    };
    let right = prepared(user) == "ann" && prepared(password) == SECRET;
    assert_eq!(
        identity.as_deref(),
        right.then_some("ann"),
        "{mechanism} {user:?} {password:?}"
    );
    assert_eq!(
        client.verify_success().is_ok(),
        right || !proves(mechanism),
        "{mechanism} {user:?} {password:?}"
    );
}

/// Returns true if the server authenticates itself.
fn proves(mechanism: Mechanism) -> bool {
    ![Mechanism::PLAIN, Mechanism::LOGIN, Mechanism::CRAM_MD5].contains(&mechanism)
}

/// A server with the user ann, whose name is in the first message of SCRAM.
fn server(mechanism: Mechanism, user: &str) -> Box<dyn ServerMechanism> {
    if mechanism == Mechanism::CRAM_MD5 {
        let lookup = |name: &str| (name == "ann").then(|| (name.to_owned(), Secret::from(SECRET)));
        return Box::new(CramMd5Server::new("<1@mx.example.org>", lookup).expect("a challenge"));
    }
    static KEYS: OnceLock<[ScramKeys; 3]> = OnceLock::new();
    let derive = |mechanism| {
        ScramKeys::derive(mechanism, &Secret::from(SECRET), b"salt of sixteen.", 4096).expect("keys")
    };
    let [sha1, sha256, sha512] = KEYS.get_or_init(|| {
        [
            Mechanism::SCRAM_SHA_1,
            Mechanism::SCRAM_SHA_256,
            Mechanism::SCRAM_SHA_512,
        ]
        .map(derive)
    });
    let keys = match (user, mechanism) {
        ("ann", Mechanism::SCRAM_SHA_1 | Mechanism::SCRAM_SHA_1_PLUS) => sha1.clone(),
        ("ann", Mechanism::SCRAM_SHA_512 | Mechanism::SCRAM_SHA_512_PLUS) => sha512.clone(),
        ("ann", _) => sha256.clone(),
        _ => ScramKeys::decoy(mechanism, user, &Secret::from(SECRET), 16, 4096).expect("keys"),
    };
    Box::new(ScramServer::new(mechanism, keys, &context()).expect("the keys fit"))
}

fn context() -> Context<'static> {
    let mut context = Context::default();
    context.channel_binding = Some(b"a channel of thirty-two octets..");
    context.plus_offered = true;
    context
}

fn with_nonce(octets: &[u8], nonce: &[u8]) -> Vec<u8> {
    octets
        .split(|octet| *octet == b'%')
        .collect::<Vec<_>>()
        .join(nonce)
}

/// The value after `r=`.
fn nonce_of(message: &[u8]) -> &[u8] {
    message
        .split(|octet| *octet == b',')
        .find_map(|part| part.strip_prefix(b"r="))
        .unwrap_or_default()
}

const CLAIMS: [Mechanism; 5] = [
    Mechanism::PLAIN,
    Mechanism::XOAUTH2,
    Mechanism::OAUTHBEARER,
    Mechanism::EXTERNAL,
    Mechanism::ANONYMOUS,
];
const STEPS: [Mechanism; 7] = [
    Mechanism::CRAM_MD5,
    Mechanism::SCRAM_SHA_1,
    Mechanism::SCRAM_SHA_256,
    Mechanism::SCRAM_SHA_1_PLUS,
    Mechanism::SCRAM_SHA_256_PLUS,
    Mechanism::SCRAM_SHA_512,
    Mechanism::SCRAM_SHA_512_PLUS,
];
const PASSWORDS: [Mechanism; 8] = [
    Mechanism::PLAIN,
    Mechanism::LOGIN,
    Mechanism::CRAM_MD5,
    Mechanism::SCRAM_SHA_1,
    Mechanism::SCRAM_SHA_256,
    Mechanism::SCRAM_SHA_256_PLUS,
    Mechanism::SCRAM_SHA_512,
    Mechanism::SCRAM_SHA_512_PLUS,
];

/// Long enough that a fuzzer cannot guess it; the corpora contain it.
const SECRET: &str = "pencil case";
