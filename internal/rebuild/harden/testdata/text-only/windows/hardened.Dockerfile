# escape=`
FROM mcr.microsoft.com/windows/servercore:ltsc2022@sha256:bc3bc8408e84c12c2b5f24aa91b444894b55e26069b66e8034890634b08aef1d
SHELL ["powershell", "-Command", "$ErrorActionPreference = 'Stop';"]
WORKDIR C:\app
COPY app.exe C:\app\
# TODO(plimsoll): user-missing: no USER was added, since it is a Windows image: end the stage with
#   USER and a number where the program can do without root
RUN New-Item -ItemType Directory C:\data; `
    Set-Content C:\data\note.txt 'hello'
CMD ["C:\app\app.exe"]
