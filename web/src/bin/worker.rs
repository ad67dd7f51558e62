fn main() {
    kraftscope_web::hunt::worker::start();
}
