use std::sync::LazyLock;

use smtp_proto::sasl::{Context, Credentials};

use super::*;

/// Ann and Bob have passwords, Ann and Cid have tokens.
static USERS: LazyLock<Users> = LazyLock::new(|| {
    Users::new(
        [
            ("ann".to_owned(), "ann's pencil".into()),
            ("bob".to_owned(), "bob's pencil".into()),
        ],
        [
            ("ann".to_owned(), "token.of.ann".into()),
            ("cid".to_owned(), "token.of.cid".into()),
        ],
    )
    .unwrap()
});

/// Plays an exchange between a client with these credentials and the users. Returns the outcome and the number of questions.
fn meet(users: &Users, mechanism: Mechanism, credentials: &Credentials) -> (AuthOutcome, usize, Attempt) {
    let mut context = Context::default();
    context.channel_binding = Some(&[7; 32]);
    context.plus_offered = true;
    let mut client = credentials.start(mechanism, &context).unwrap();
    let mut attempt = Attempt::default();
    let mut claim = match (mechanism, client.initial_response()) {
        (Mechanism::LOGIN, None) => {
            let user = client.respond(b"Username:").unwrap();
            let password = client.respond(b"Password:").unwrap();
            AuthRequest::login(user.expose(), password).unwrap()
        }
        (_, None) => AuthRequest::Begin { initial: None },
        (_, Some(initial)) => AuthRequest::parse(mechanism, initial.expose(), None).unwrap(),
    };
    for asked in 1.. {
        match users.judge(mechanism, &claim, &context, &mut attempt) {
            AuthOutcome::Challenge(challenge) => {
                let response = client.respond(&challenge).unwrap();
                claim = AuthRequest::Step { response };
            }
            end => {
                let done = client.verify_success();
                assert_eq!(
                    done.is_ok(),
                    matches!(end, AuthOutcome::Accept(_)) || !proves(mechanism)
                );
                assert!(attempt.exchange.is_none(), "what is over is forgotten");
                return (end, asked, attempt);
            }
        }
    }
    unreachable!()
}

/// Returns true if the server must prove that it knows the password.
fn proves(mechanism: Mechanism) -> bool {
    mechanism.as_str().starts_with("SCRAM")
}

fn accepted_as(name: &str) -> AuthOutcome {
    AuthOutcome::Accept(name.to_owned())
}

#[test]
fn a_right_password_is_accepted_with_each_mechanism() {
    let users = &*USERS;
    for mechanism in BY_PASSWORD {
        for (name, password) in [("ann", "ann's pencil"), ("bob", "bob's pencil")] {
            let (end, ..) = meet(users, mechanism, &Credentials::password(name, password));
            assert_eq!(end, accepted_as(name), "{mechanism}");
        }
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_rejected_alike() {
    let users = &*USERS;
    for mechanism in BY_PASSWORD {
        let wrong = Credentials::password("ann", "bob's pencil");
        let unknown = Credentials::password("dan", "bob's pencil");
        let (end, asked, attempt) = meet(users, mechanism, &wrong);
        assert_eq!(end, AuthOutcome::Reject, "{mechanism}");
        assert_eq!(attempt.user.as_deref(), Some("ann"), "{mechanism}");
        let (end, asked_of_unknown, attempt) = meet(users, mechanism, &unknown);
        assert_eq!(
            (end, asked_of_unknown),
            (AuthOutcome::Reject, asked),
            "{mechanism}"
        );
        assert_eq!(attempt.user.as_deref(), Some("dan"), "{mechanism}");
    }
}

#[test]
fn a_token_authenticates_its_own_user_only() {
    let users = &*USERS;
    for mechanism in BY_TOKEN {
        for (name, token, end) in [
            ("ann", "token.of.ann", accepted_as("ann")),
            ("cid", "token.of.cid", accepted_as("cid")),
            ("ann", "token.of.cid", AuthOutcome::Reject),
            ("bob", "token.of.ann", AuthOutcome::Reject),
            ("ann", "token.of.nobody", AuthOutcome::Reject),
            ("dan", "token.of.nobody", AuthOutcome::Reject),
        ] {
            let met = meet(users, mechanism, &Credentials::token(name, token));
            assert_eq!(met.0, end, "{mechanism}: {name} with {token}");
        }
    }
    let (user, token) = (None, "token.of.cid".into());
    let claim = AuthRequest::Bearer { user, token };
    let mut attempt = Attempt::default();
    let end = users.judge(Mechanism::OAUTHBEARER, &claim, &Context::default(), &mut attempt);
    assert_eq!(end, accepted_as("cid"), "a token says whose it is");
}

#[test]
fn a_user_cannot_act_as_another_user() {
    let users = &*USERS;
    let ann = Credentials::password("ann", "ann's pencil");
    for mechanism in ann.clone().with_authorization_id("bob").mechanisms() {
        let as_bob = ann.clone().with_authorization_id("bob");
        assert_eq!(
            meet(users, *mechanism, &as_bob).0,
            AuthOutcome::Reject,
            "{mechanism}"
        );
        let as_ann = ann.clone().with_authorization_id("ann");
        assert_eq!(
            meet(users, *mechanism, &as_ann).0,
            accepted_as("ann"),
            "{mechanism}"
        );
    }
}

#[test]
fn external_and_anonymous_are_rejected() {
    let (users, mut attempt) = (&*USERS, Attempt::default());
    let mut end = |mechanism, claim| users.judge(mechanism, &claim, &Context::default(), &mut attempt);
    let external = AuthRequest::parse(Mechanism::EXTERNAL, b"ann", Some(b"cert")).unwrap();
    assert_eq!(end(Mechanism::EXTERNAL, external), AuthOutcome::Reject);
    let anonymous = AuthRequest::parse(Mechanism::ANONYMOUS, b"ann", None).unwrap();
    assert_eq!(end(Mechanism::ANONYMOUS, anonymous), AuthOutcome::Reject);
}

#[test]
fn a_step_without_an_exchange_is_refused() {
    let users = &*USERS;
    for mechanism in BY_PASSWORD {
        for response in [
            "",
            "ann 0123456789abcdef0123456789abcdef",
            "c=biws,r=x,p=eA==",
            "\0",
        ] {
            let claim = AuthRequest::Step {
                response: response.into(),
            };
            let mut attempt = Attempt::default();
            let end = users.judge(mechanism, &claim, &Context::default(), &mut attempt);
            assert_eq!(end, AuthOutcome::Reject, "{mechanism}: {response:?}");
            assert!(attempt.exchange.is_none());
        }
    }
}

#[test]
fn an_exchange_that_ended_without_an_answer_does_not_spoil_the_next() {
    let users = &*USERS;
    let mut attempt = Attempt::default();
    let context = Context::default();
    let begin = AuthRequest::Begin { initial: None };
    let challenge = users.judge(Mechanism::CRAM_MD5, &begin, &context, &mut attempt);
    assert!(matches!(challenge, AuthOutcome::Challenge(_)));
    let claim = AuthRequest::parse(Mechanism::SCRAM_SHA_256, b"n,,n=ann,r=abcdefghijkl", None).unwrap();
    let challenge = users.judge(Mechanism::SCRAM_SHA_256, &claim, &context, &mut attempt);
    assert!(matches!(challenge, AuthOutcome::Challenge(_)));
}

#[test]
fn challenges_differ_each_time_and_the_salt_of_a_user_stays() {
    let users = &*USERS;
    let challenge = |mechanism, response: Option<&str>| {
        let initial = response.map(Secret::from);
        let claim = AuthRequest::Begin { initial };
        match users.judge(mechanism, &claim, &Context::default(), &mut Attempt::default()) {
            AuthOutcome::Challenge(challenge) => String::from_utf8(challenge).unwrap(),
            end => panic!("{end:?}"),
        }
    };
    let cram = || challenge(Mechanism::CRAM_MD5, None);
    assert_ne!(cram(), cram());
    for name in ["ann", "dan"] {
        let first = format!("n,,n={name},r=abcdefghijkl");
        let scram = || challenge(Mechanism::SCRAM_SHA_256, Some(&first));
        let (one, other) = (scram(), scram());
        assert_ne!(one, other, "the nonce");
        let salt = |challenge: &str| challenge.split_once(",s=").unwrap().1.to_owned();
        assert_eq!(salt(&one), salt(&other), "{name}");
        assert!(one.ends_with(",i=10000"), "{one}");
        assert_eq!(one.len(), other.len());
    }
}

#[test]
fn unusable_secrets_are_reported_without_showing_them() {
    let two = [
        ("ann".to_owned(), "one secret".into()),
        ("ann".to_owned(), "another secret".into()),
    ];
    let token = |name: &str| (name.to_owned(), Secret::from("secret"));
    for wrong in [
        Users::new(two, []),
        Users::new([(String::new(), "secret".into())], []),
        Users::new([("ann".to_owned(), "".into())], []),
        Users::new([("ann".to_owned(), "secret\u{7}".into())], []),
        Users::new([], [token("ann"), token("bob")]),
        Users::new([], [("ann".to_owned(), "".into())]),
    ] {
        assert!(!wrong.unwrap_err().contains("secret"));
    }
    assert!(!format!("{:?}", *USERS).contains("pencil"));
    assert!(!Users::new([], []).unwrap().can_log_in());
}

#[test]
fn a_line_of_the_log_is_one_line() {
    let peer = IpAddr::from([127, 0, 0, 1]);
    let attempt = Attempt::of(Some(&"ann".to_owned()));
    assert_eq!(
        attempt.failure(Mechanism::PLAIN, peer),
        "login failed for \"ann\" by PLAIN from 127.0.0.1"
    );
    let attempt = Attempt::of(Some(&"a\"\r\n\u{1b}[2J".to_owned()));
    assert_eq!(
        attempt.end("the client cancelled", peer),
        "login failed for \"a\\\"\\r\\n\\u{1b}[2J\" from 127.0.0.1: the client cancelled"
    );
    assert!(
        Attempt::of(Some(&"x".repeat(9000)))
            .failure(Mechanism::PLAIN, peer)
            .len()
            < 400
    );
    assert_eq!(
        Attempt::default().failure(Mechanism::XOAUTH2, peer),
        "login failed by XOAUTH2 from 127.0.0.1"
    );
}

/// A certificate, in DER: `openssl req -x509 -newkey ec -subj "/O=Example/CN=ann"`.
const CERTIFICATE: &str = "308201973082013da00302010202142eba5941a5699c5fc6a6384e5539f4a304a06a97300a06082a8648ce3d04030230\
    203110300e060355040a0c074578616d706c65310c300a06035504030c03616e6e3020170d3236313132383230323234\
    375a180f32313236313130343230323234375a30203110300e060355040a0c074578616d706c65310c300a0603550403\
    0c03616e6e3059301306072a8648ce3d020106082a8648ce3d03010703420004130e4674b1072957f4cae3015be40fa0\
    d74b9209b7b3d356b48bdf1a1e16f61faf3572c64aa5b72d8d0ece72993843528a12c6a092daa8fb94cfaddb1bd9c8dd\
    a3533051301d0603551d0e041604149cbf0e29a904963f65c4ee44997ad30cda3a273f301f0603551d23041830168014\
    9cbf0e29a904963f65c4ee44997ad30cda3a273f300f0603551d130101ff040530030101ff300a06082a8648ce3d0403\
    02034800304502204f28919253c6ac0b8c2e1eba7349ed1a6ae95a9d5ac8c32981ef9b3c30339d94022100e1d301239e\
    4cd8bc4f9be1de0bef986cda07aafda55e7e2595faff6c84fc1386";

#[test]
fn the_common_name_of_a_certificate_is_a_user() {
    let certificate: Vec<u8> = (0..CERTIFICATE.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&CERTIFICATE[at..at + 2], 16).unwrap())
        .collect();
    let users = Users::new([], []).unwrap().with_certificates();
    assert_eq!(users.mechanisms().collect::<Vec<_>>(), [Mechanism::EXTERNAL]);
    let judge = |users: &Users, certificate: &[u8], authorization_id: Option<&str>| {
        let claim = AuthRequest::External {
            certificate: certificate.into(),
            authorization_id: authorization_id.map(str::to_owned),
        };
        let (context, mut attempt) = (Context::default(), Attempt::default());
        users.judge(Mechanism::EXTERNAL, &claim, &context, &mut attempt)
    };
    let ann = AuthOutcome::Accept("ann".to_owned());
    assert_eq!(judge(&users, &certificate, None), ann);
    assert_eq!(judge(&users, &certificate, Some("ann")), ann);
    assert_eq!(judge(&users, &certificate, Some("bob")), AuthOutcome::Reject);
    assert_eq!(judge(&users, b"no certificate", None), AuthOutcome::Reject);
    assert_eq!(judge(&USERS, &certificate, None), AuthOutcome::Reject);
}
