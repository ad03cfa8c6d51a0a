use async_io::block_on;
use futures_lite::future::{or, poll_once};

use super::*;

#[test]
fn each_stage_is_heard_once() {
    block_on(async {
        let stop = Stop::new();
        let mut hearing = stop.hear();
        assert_eq!(poll_once(hearing.news()).await, None);
        assert_eq!(hearing.heed(), None);
        for (stage, how) in [
            (Stage::Gracefully, Shutdown::Gracefully),
            (Stage::Now, Shutdown::Now),
        ] {
            assert_eq!(poll_once(hearing.news()).await, None);
            stop.tell(stage);
            hearing.news().await;
            assert!(hearing.has_news());
            assert_eq!(hearing.heed(), Some(how));
            assert!(!hearing.has_news());
            hearing.until(stage).await;
        }
        assert_eq!(poll_once(hearing.until(Stage::Over)).await, None);
        drop(stop);
        hearing.until(Stage::Over).await;
    });
}

#[test]
fn a_wait_that_was_dropped_misses_nothing() {
    let stop = Stop::new();
    let mut hearings = [stop.hear(), stop.hear(), stop.hear()];
    block_on(async {
        for hearing in &mut hearings {
            or(hearing.news(), async {}).await;
        }
    });
    let telling = std::thread::spawn(move || stop.tell(Stage::Gracefully));
    block_on(async {
        for hearing in &mut hearings {
            hearing.news().await;
        }
    });
    telling.join().unwrap();
}
