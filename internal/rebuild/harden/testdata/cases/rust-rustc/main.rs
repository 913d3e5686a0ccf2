fn main() {
    let limit: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(50);
    for n in 2..=limit {
        if (2..n).take_while(|d| d * d <= n).all(|d| n % d != 0) {
            println!("{n}");
        }
    }
}
