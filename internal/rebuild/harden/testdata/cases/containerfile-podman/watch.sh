while sleep 10; do ps aux; done
