#!/bin/sh
echo "legacy $*"
