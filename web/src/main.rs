fn main() {
    kraftscope_web::start();
}
