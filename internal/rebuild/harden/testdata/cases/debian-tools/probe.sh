#!/bin/sh
nc -z "$1" "$2" && echo open
