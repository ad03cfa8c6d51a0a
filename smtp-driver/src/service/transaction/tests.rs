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
fn recipients_are_in_order_whatever_the_order_of_the_answers() {
    for accepted in [&[0, 1, 2, 3][..], &[0, 2, 3], &[1, 2, 5], &[0, 1, 4], &[3], &[]] {
        for order in orders(accepted) {
            let home = Home::new(());
            order.iter().for_each(|index| home.add(*index, rcpt(*index)));
            let mut loan = home.lend().unwrap();
            let all: Vec<_> = accepted.iter().map(|index| rcpt(*index)).collect();
            assert_eq!(loan.parts(None).unwrap().1, all, "{order:?}");
            for index in accepted {
                assert_eq!(loan.parts(Some(*index)).unwrap().1, [rcpt(*index)], "{order:?}");
            }
            assert!(loan.parts(Some(6)).is_none());
        }
    }
}

#[test]
fn a_loan_comes_home() {
    let home = Home::new(7);
    let loan = home.lend().unwrap();
    assert!(home.lend().is_none() && home.share().is_none());
    drop(loan);
    let shared = home.share().unwrap();
    assert!(
        home.lend().unwrap().parts(None).is_none(),
        "a recipient is asked about"
    );
    drop(shared);
    *home.lend().unwrap().parts(None).unwrap().0 += 1;
    assert_eq!(home.into_mail(), Some(8));
}
