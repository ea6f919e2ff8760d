#!/bin/sh
# Backs up the SQLite database of DATABASE_URL into a folder and verifies the copy. Old copies are deleted only after that.
# Usage: backup.sh FOLDER DAYS
set -eu
folder=$1
days=$2
cd "$(dirname "$0")/.."
copy="$folder/opd-$(date -u +%Y%m%dT%H%M%SZ).db"
node_modules/.bin/node src/cli/backup.ts "$copy"
DATABASE_URL="sqlite:$copy" node_modules/.bin/node src/cli/verify.ts
find "$folder" -maxdepth 1 -name 'opd-*.db*' -mtime "+$days" -delete
