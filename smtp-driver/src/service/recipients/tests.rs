use std::{
    cell::{Cell, RefCell},
    pin::pin,
    task::Waker,
};

use smtp_proto::types::{ForwardPath, RcptParameters};

use super::*;

fn rcpt(index: u32) -> Rcpt<'static> {
    let path = ForwardPath::parse(&format!("user{index}@example.org"))
        .unwrap()
        .into_owned();
    Rcpt::new(path, RcptParameters::default())
}

/// All orders of these numbers.
fn orders(numbers: &[u32]) -> Vec<Vec<u32>> {
    if numbers.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, number) in numbers.iter().enumerate() {
        let rest = [&numbers[..at], &numbers[at + 1..]].concat();
        for mut order in orders(&rest) {
            order.push(*number);
            all.push(order);
        }
    }
    all
}

#[test]
fn recipients_are_in_order_for_any_order_of_answers() {
    for accepted in [&[0, 1, 2, 3][..], &[0, 2, 3], &[1, 2, 5], &[0, 1, 4], &[3], &[]] {
        for order in orders(accepted) {
            let mut recipients = Recipients::default();
            order
                .iter()
                .for_each(|index| recipients.add(*index, rcpt(*index)));
            let all: Vec<_> = accepted.iter().map(|index| rcpt(*index)).collect();
            assert_eq!(recipients.all(), all, "{order:?}");
            assert_eq!(recipients.of(None), Some(&*all), "{order:?}");
            for index in accepted {
                assert_eq!(recipients.of(Some(*index)).unwrap(), [rcpt(*index)], "{order:?}");
            }
            assert!(recipients.of(Some(6)).is_none());
        }
    }
}

/// A future that is ready when the test sets its flag, and records its drop.
struct Held<'n>(u32, &'n RefCell<Vec<u32>>, &'n Cell<bool>);

impl Future for Held<'_> {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        if self.2.get() {
            Poll::Ready(self.0)
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

#[test]
fn the_oldest_futures_are_dropped_first() {
    let mut cx = Context::from_waker(Waker::noop());
    let (dropped, is_ready) = (RefCell::default(), Cell::new(false));
    let place = pin!(None);
    let mut open = Concurrent::new(place);
    for number in 0..5 {
        assert!(
            open.begin(&mut cx, Held(number, &dropped, &is_ready))
                .is_pending()
        );
    }
    open.keep(5);
    assert_eq!(dropped.take(), []);
    open.keep(3);
    assert_eq!((dropped.take(), open.len()), (vec![0, 1], 3));

    // The place of the first one is not used before the later ones have ended.
    assert!(open.begin(&mut cx, Held(5, &dropped, &is_ready)).is_pending());
    open.keep(2);
    assert_eq!(dropped.take(), [2, 3]);
    is_ready.set(true);
    let mut outputs = Vec::new();
    open.poll(&mut cx, |output| outputs.push(output));
    assert_eq!((outputs, open.len()), (vec![4, 5], 0));
}
