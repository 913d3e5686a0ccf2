# TODO(plimsoll): stages: this was not split into a build stage and a final one, since the build
#   context is not known: it is not told whether the program needs ASP.NET Core
FROM mcr.microsoft.com/dotnet/sdk:8.0@sha256:3fc9bb883650f91f0eebe75bc2023b9b9cdfc1cc60ed62fa851c00be8033a73b
WORKDIR /src
COPY . .
RUN dotnet restore
RUN dotnet publish -c Release -o /app
# TODO(plimsoll): user-missing: no USER was added, since port 80 may take root where the host keeps
#   ports below 1024 for it: end the stage with USER and a number where the program can do without
#   root
WORKDIR /app
EXPOSE 80
ENTRYPOINT ["dotnet", "Shop.dll"]
