// Arguments and exit code. The program's parts are joined in app/server.
int main() {
  return 0;
}
