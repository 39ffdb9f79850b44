# A login shell sets PATH anew; this brings our gh back in front of the image's.
case $PATH in
  /run/github-flows/bin:*) ;;
  *)
    PATH=/run/github-flows/bin:$PATH
    export PATH
    ;;
esac
