use std::sync::atomic::{AtomicU32, Ordering};

use smtp_relay::{
    route::{DnsFault, Question},
    sts::Mode,
};

use super::*;
use crate::dns;

/// A DNS whose TXT records the test sets.
#[derive(Default)]
struct Texts(Mutex<Vec<Vec<u8>>>);

impl Dns for Texts {
    fn answer(&self, _: Question) -> Boxed<'_, Answer> {
        Box::pin(async { Answer::Failed(DnsFault::Unavailable) })
    }

    fn texts(&self, name: String) -> Boxed<'_, Result<Vec<Vec<u8>>, dns::LookupFailed>> {
        assert_eq!(name, "_mta-sts.example.org");
        let texts = self.0.lock().unwrap().clone();
        Box::pin(async { Ok(texts) })
    }
}

/// A place with one file, which counts.
#[derive(Default)]
struct Place {
    file: Mutex<Option<&'static str>>,
    fetched: AtomicU32,
}

impl Fetch for Place {
    fn fetch(&self, _: Name) -> Boxed<'_, Result<Vec<u8>, PolicyFault>> {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        let file = *self.file.lock().unwrap();
        Box::pin(async move {
            file.map(|file| file.as_bytes().to_vec())
                .ok_or(PolicyFault::Fetch)
        })
    }
}

fn policies() -> (Arc<Texts>, Arc<Place>, Policies) {
    let (texts, place) = (Arc::<Texts>::default(), Arc::<Place>::default());
    let policies = Policies {
        dns: texts.clone(),
        source: Some(place.clone()),
        domains: Mutex::default(),
    };
    (texts, place, policies)
}

async fn ask(policies: &Policies) -> (Option<Mode>, Option<PolicyFault>) {
    match policies.answer(Name::parse("example.org").unwrap()).await {
        Answer::Sts { policy, fault } => (policy.map(|policy| policy.mode), fault),
        other => panic!("{other:?}"),
    }
}

const ENFORCE: &str = "version: STSv1\nmode: enforce\nmx: mx1.example.org\nmax_age: 86400\n";

#[tokio::test]
async fn a_policy_is_fetched_once_for_an_id_and_outlives_its_record() {
    let (texts, place, policies) = policies();
    *texts.0.lock().unwrap() = vec![b"v=STSv1; id=1;".to_vec()];
    *place.file.lock().unwrap() = Some(ENFORCE);
    assert_eq!(ask(&policies).await, (Some(Mode::Enforce), None));
    assert_eq!(ask(&policies).await, (Some(Mode::Enforce), None));
    texts.0.lock().unwrap().clear();
    assert_eq!(ask(&policies).await, (Some(Mode::Enforce), None));
    assert_eq!(place.fetched.load(Ordering::Relaxed), 1);
    *texts.0.lock().unwrap() = vec![b"v=STSv1; id=2;".to_vec()];
    *place.file.lock().unwrap() = Some("version: STSv1\nmode: none\nmax_age: 86400\n");
    assert_eq!(ask(&policies).await, (None, None));
}

#[tokio::test]
async fn a_failed_fetch_is_reported_and_not_repeated_at_once() {
    let (texts, place, policies) = policies();
    *texts.0.lock().unwrap() = vec![b"v=STSv1; id=1;".to_vec()];
    assert_eq!(ask(&policies).await, (None, Some(PolicyFault::Fetch)));
    assert_eq!(ask(&policies).await, (None, None));
    assert_eq!(place.fetched.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn without_a_record_nothing_is_fetched() {
    let (_, place, policies) = policies();
    assert_eq!(ask(&policies).await, (None, None));
    assert_eq!(place.fetched.load(Ordering::Relaxed), 0);
}
