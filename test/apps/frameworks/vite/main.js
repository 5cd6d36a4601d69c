document.body.append('Vite');
